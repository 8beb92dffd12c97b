-- name:    delete_folded_rows
-- about:   what is told of the rows of batches of the relation `fresh` that went into others
-- params:
-- columns:

delete from batch_rows
where batch_id in (select fresh.batch_id from fresh where fresh.batch_id <> fresh.into_id)
