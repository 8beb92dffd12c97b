-- name:    delete_old_span_occurrences
-- about:   what was said of spans that began before a time
-- params:  $before_ns BIGINT
-- columns:

delete from span_occurrences
where start_ns < $before_ns
