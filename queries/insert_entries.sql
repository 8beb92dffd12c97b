-- name:    insert_entries
-- about:   the entries of the relation `fresh`, which holds none that is stored yet, each with its route
-- params:
-- columns:

insert into entries
select
    fresh.project,
    fresh.insert_id,
    fresh.at_ns,
    fresh.received_at_ns,
    fresh.resource_type,
    fresh.service,
    fresh.revision,
    fresh.location,
    fresh.instance,
    fresh.log,
    fresh.severity,
    fresh.severity_given,
    fresh.message,
    fresh.logger,
    fresh.payload,
    fresh.http_method,
    fresh.http_path,
    fresh.http_status,
    fresh.latency_ns,
    fresh.user_agent,
    fresh.client,
    fresh.trace,
    fresh.span,
    fresh.error_group,
    fresh.batch_id,
    fresh.route
from fresh
