-- name:    delete_old_job_runs
-- about:   runs of jobs that ended before a time, but for the last of each job and outcome
-- params:  $before_ns BIGINT
-- columns:

delete from job_runs
where
    ended_at_ns < $before_ns
    and ended_at_ns < (
        select max(later.ended_at_ns)
        from job_runs as later
        where later.job = job_runs.job and later.outcome = job_runs.outcome
    )
