-- name:    insert_entries
-- about:   the entries of the relation `fresh` that are not stored yet and stand in it for the first time;
--          the search for stored ones is bounded by the batch's own span of time, which needs no index
-- params:  $first_ns BIGINT, $last_ns BIGINT
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
    fresh.batch_id
from fresh
anti join (
    select project, insert_id, at_ns
    from entries
    where at_ns between $first_ns and $last_ns
) as stored
    on
        fresh.at_ns = stored.at_ns
        and fresh.insert_id = stored.insert_id
        and fresh.project = stored.project
