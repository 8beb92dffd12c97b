-- name:    find_clock_steps
-- about:   runs that began before an earlier one did: the clock of this machine was set back in between
-- params:  $since_ns BIGINT, $end_ns BIGINT
-- columns: at_ns BIGINT, back_ns BIGINT

with told as (
    select
        run_id,
        started_at_ns as at_ns,
        lag(started_at_ns) over (order by run_id) - started_at_ns as back_ns
    from runs
    where started_at_ns >= $since_ns and started_at_ns < $end_ns
)
select
    at_ns,
    back_ns
from told
where back_ns >= 60_000_000_000
order by at_ns, run_id
