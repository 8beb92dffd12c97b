-- name:    delete_folded_signed
-- about:   that batches of the relation `fresh` that went into others were signed
-- params:
-- columns:

delete from signed
where batch_id in (select fresh.batch_id from fresh where fresh.batch_id <> fresh.into_id)
