-- name:    find_next_ids
-- about:   the next free numbers of a batch and of a run
-- params:
-- columns: batch_id BIGINT, run_id BIGINT

select
    (select coalesce(max(batch_id), 0) + 1 from batches) as batch_id,
    (select coalesce(max(run_id), 0) + 1 from runs) as run_id
