-- name:    insert_job_run
-- about:   one run of a job of the daemon that has ended; outcome is done, failed or stopped
-- params:  $job VARCHAR, $started_at_ns BIGINT, $ended_at_ns BIGINT, $outcome VARCHAR, $detail VARCHAR
-- columns:

insert into job_runs
values ($job, $started_at_ns, $ended_at_ns, $outcome, $detail)
