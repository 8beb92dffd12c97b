-- name:    find_last_job_runs
-- about:   when each job of the daemon began last, of runs that were not cut short by its end
-- params:
-- columns: job VARCHAR, started_at_ns BIGINT

select
    job,
    max(started_at_ns) as started_at_ns
from job_runs
where outcome <> 'stopped'
group by job
order by job
