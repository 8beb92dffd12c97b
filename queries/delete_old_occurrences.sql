-- name:    delete_old_occurrences
-- about:   what was said of entries from before a time
-- params:  $before_ns BIGINT
-- columns:

delete from occurrences
where at_ns < $before_ns
