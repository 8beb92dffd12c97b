-- name:    delete_all_events
-- about:   empties the derived table events, which is made anew from entries and spans
-- params:
-- columns:

delete from events
