-- name:    insert_trouble
-- about:   one look at what keeps logtriage from seeing; see collector/troubles.py
-- params:  $kind VARCHAR, $subject VARCHAR, $seen_at_ns BIGINT, $is_over BOOLEAN, $detail VARCHAR
-- columns:

insert into troubles
values ($kind, $subject, $seen_at_ns, $is_over, $detail)
