-- name:    delete_old_events
-- about:   business events that entries and spans from before a time name
-- params:  $before_ns BIGINT
-- columns:

delete from events
where at_ns < $before_ns
