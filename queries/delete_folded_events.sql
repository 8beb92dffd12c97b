-- name:    delete_folded_events
-- about:   that batches of the relation `fresh` that went into others were looked through for events
-- params:
-- columns:

delete from event_batches
where batch_id in (select fresh.batch_id from fresh where fresh.batch_id <> fresh.into_id)
