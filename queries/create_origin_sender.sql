-- name:    create_origin_sender
-- about:   for the reader that asks alone: the kinds of who asks, in the order of their names; millions of rows have one
--          each
-- params:
-- columns:

create temp type if not exists sender as enum ('health_checks', 'scanners', 'tests', 'unknown', 'users')
