-- name:    update_lost_run
-- about:   a run whose process is gone: it ended when its last batch was stored, as far as is known
-- params:  $run_id BIGINT
-- columns:

update runs
set
    ended_at_ns = coalesce(
        (select max(stored_at_ns) from batches where batches.run_id = runs.run_id), started_at_ns
    ),
    outcome = 'interrupted'
where run_id = $run_id
