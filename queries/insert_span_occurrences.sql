-- name:    insert_span_occurrences
-- about:   the failing spans of the relation `fresh`, each with its signature
-- params:
-- columns:

insert into span_occurrences by name
select
    fresh.signature_id,
    fresh.project,
    fresh.service,
    fresh.revision,
    fresh.instance,
    fresh.trace,
    fresh.span,
    fresh.parent_span,
    fresh.name,
    fresh.kind,
    fresh.start_ns,
    fresh.at_ns,
    fresh.received_at_ns,
    fresh.severity,
    fresh.http_status,
    fresh.peer_service,
    fresh.batch_id
from fresh
