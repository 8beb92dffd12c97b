-- name:    create_0000_migrations
-- about:   the list of applied schema changes; made before all others
-- params:
-- columns:

create table migrations (
    name varchar not null,
    applied_at_ns bigint not null
)
