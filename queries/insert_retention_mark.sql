-- name:    insert_retention_mark
-- about:   the time before which retention has taken everything, and why (`age`, `size`)
-- params:  $before_ns BIGINT, $why VARCHAR, $now_ns BIGINT
-- columns:

insert into retention_marks
values ($before_ns, $why, $now_ns)
