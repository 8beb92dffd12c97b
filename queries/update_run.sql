-- name:    update_run
-- about:   a run that ends, and how
-- params:  $run_id BIGINT, $now_ns BIGINT, $outcome VARCHAR
-- columns:

update runs
set ended_at_ns = $now_ns, outcome = $outcome
where run_id = $run_id
