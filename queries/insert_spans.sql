-- name:    insert_spans
-- about:   the spans of the relation `fresh` that are not stored yet, searched within the batch's own span of time
-- params:  $first_ns BIGINT, $last_ns BIGINT
-- columns:

insert into spans
select
    fresh.trace,
    fresh.span,
    fresh.parent_span,
    fresh.service,
    fresh.revision,
    fresh.instance,
    fresh.name,
    fresh.kind,
    fresh.start_ns,
    fresh.duration_ns,
    fresh.status,
    fresh.status_message,
    fresh.http_method,
    fresh.http_route,
    fresh.http_status,
    fresh.peer_service,
    fresh.db_system,
    fresh.attributes,
    fresh.events,
    fresh.batch_id
from fresh
anti join (
    select trace, span
    from spans
    where start_ns between $first_ns and $last_ns
) as stored
    on fresh.trace = stored.trace and fresh.span = stored.span
