-- name:    insert_migration
-- about:   a schema change that has been applied
-- params:  $name VARCHAR, $now_ns BIGINT
-- columns:

insert into migrations
values ($name, $now_ns)
