-- name:    find_job_spells
-- about:   runs of each job of the daemon that ended alike, one after the other; runs that were stopped say nothing
-- params:  $since_ns BIGINT, $end_ns BIGINT
-- needs:   job_runs
-- columns: job VARCHAR, outcome VARCHAR, runs BIGINT, began_ns BIGINT, ended_ns BIGINT, detail VARCHAR

with told as (
    select
        *,
        outcome is distinct from lag(outcome) over (partition by job order by started_at_ns, ended_at_ns) as is_turn
    from job_runs
    where started_at_ns >= $since_ns and ended_at_ns < $end_ns and outcome <> 'stopped'
),
numbered as (
    select
        *,
        count_if(is_turn) over (partition by job order by started_at_ns, ended_at_ns rows unbounded preceding) as spell
    from told
)
select
    job,
    any_value(outcome) as outcome,
    count(*) as runs,
    min(started_at_ns) as began_ns,
    max(ended_at_ns) as ended_ns,
    arg_max(detail, ended_at_ns) as detail
from numbered
group by job, spell
order by job, began_ns
