-- name:    find_last_job_successes
-- about:   when each job of the daemon last ended with all of it done
-- params:
-- columns: job VARCHAR, ended_at_ns BIGINT

select
    job,
    max(ended_at_ns) as ended_at_ns
from job_runs
where outcome = 'done'
group by job
order by job
