-- name:    update_finished_spans
-- about:   the finished spans of the relation `fresh` in place of the same ones that are stored without an end; each stays
--          with the batch that brought it first, so that the sums of law 1 hold
-- params:  $first_ns BIGINT, $last_ns BIGINT
-- columns:

update spans
set
    parent_span = fresh.parent_span,
    project = fresh.project,
    location = fresh.location,
    environment = fresh.environment,
    service = fresh.service,
    revision = fresh.revision,
    instance = fresh.instance,
    name = fresh.name,
    kind = fresh.kind,
    start_ns = fresh.start_ns,
    duration_ns = fresh.duration_ns,
    received_at_ns = fresh.received_at_ns,
    status = fresh.status,
    status_message = fresh.status_message,
    http_method = fresh.http_method,
    http_route = fresh.http_route,
    http_path = fresh.http_path,
    http_status = fresh.http_status,
    user_agent = fresh.user_agent,
    synthetic = fresh.synthetic,
    cold_start = fresh.cold_start,
    peer_service = fresh.peer_service,
    db_system = fresh.db_system,
    error_type = fresh.error_type,
    exception = fresh.exception,
    attributes = fresh.attributes,
    events = fresh.events,
    links = fresh.links
from fresh
where
    spans.trace = fresh.trace
    and spans.span = fresh.span
    and spans.duration_ns is null
    and spans.start_ns between $first_ns and $last_ns
