-- name:    delete_all_event_batches
-- about:   empties the derived table event_batches, which is made anew from entries and spans
-- params:
-- columns:

delete from event_batches
