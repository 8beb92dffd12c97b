-- name:    delete_old_spans
-- about:   spans that began before a time
-- params:  $before_ns BIGINT
-- columns:

delete from spans
where start_ns < $before_ns
