-- name:    insert_spans
-- about:   the spans of the relation `fresh`, which holds none that is stored yet
-- params:
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
