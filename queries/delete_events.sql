-- name:    delete_events
-- about:   takes away the events of some batches, before they are read again
-- params:  $batch_ids BIGINT[]
-- columns:

delete from events
where batch_id in (select unnest($batch_ids::bigint[]))
