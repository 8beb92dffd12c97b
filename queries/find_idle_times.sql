-- name:    find_idle_times
-- about:   times of at least five minutes in which no job of the daemon ran, and the one since the last; `usual_ns` is the
--          usual time between two runs of the job that runs most often, null where that is not known
-- params:  $since_ns BIGINT, $end_ns BIGINT
-- columns: from_ns BIGINT, until_ns BIGINT, usual_ns BIGINT

with told as (
    select
        job,
        started_at_ns,
        ended_at_ns
    from job_runs
    where started_at_ns >= $since_ns and ended_at_ns < $end_ns
),
paces as (
    select median(after_ns) as usual_ns
    from (
        select
            job,
            started_at_ns - lag(started_at_ns) over (partition by job order by started_at_ns) as after_ns
        from told
    )
    group by job
    having count(after_ns) >= 3
),
idle as (
    select
        max(ended_at_ns) over (
            order by started_at_ns, ended_at_ns rows between unbounded preceding and 1 preceding
        ) as from_ns,
        started_at_ns as until_ns
    from told
    union all
    select
        max(ended_at_ns) as from_ns,
        null as until_ns
    from told
)
select
    from_ns,
    until_ns,
    cast((select min(usual_ns) from paces) as bigint) as usual_ns
from idle
where from_ns is not null and coalesce(until_ns, $end_ns) - from_ns >= 300_000_000_000
order by from_ns
