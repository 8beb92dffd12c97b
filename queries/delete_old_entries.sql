-- name:    delete_old_entries
-- about:   entries from before a time
-- params:  $before_ns BIGINT
-- columns:

delete from entries
where at_ns < $before_ns
