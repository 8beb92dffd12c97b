-- name:    insert_spans
-- about:   the spans of the relation `fresh`, which holds none that is stored yet
-- params:
-- columns:

insert into spans by name
select
    fresh.trace,
    fresh.span,
    fresh.parent_span,
    fresh.project,
    fresh.location,
    fresh.environment,
    fresh.service,
    fresh.revision,
    fresh.instance,
    fresh.name,
    fresh.kind,
    fresh.start_ns,
    fresh.duration_ns,
    fresh.received_at_ns,
    fresh.status,
    fresh.status_message,
    fresh.http_method,
    fresh.http_route,
    fresh.http_path,
    fresh.http_status,
    fresh.user_agent,
    fresh.synthetic,
    fresh.cold_start,
    fresh.peer_service,
    fresh.db_system,
    fresh.error_type,
    fresh.exception,
    fresh.attributes,
    fresh.events,
    fresh.links,
    fresh.batch_id
from fresh
