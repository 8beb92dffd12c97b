-- name:    delete_folded_batches
-- about:   batches of the relation `fresh` that went into others
-- params:
-- columns:

delete from batches
where batch_id in (select fresh.batch_id from fresh where fresh.batch_id <> fresh.into_id)
