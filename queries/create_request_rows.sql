-- name:    create_request_rows
-- about:   for the reader that asks alone: asked_requests of a time, as far as they were received in it, read once for the
--          queries that count and look up. Numbers for names: `key` is the hash of the trace, else of `request:` and the
--          id of the line; `place`, `path` and `agent` lead to request_places, origin_routes and origin_agents; `writer` is
--          the instance. Origins are in the order of their names. Needs create_asked_requests
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns:

create or replace temp table request_rows as
select
    case when trace is null then hash('request:' || insert_id) else hash(trace) end as key,
    trace is not null as is_traced,
    hash(project, service, revision, http_method) as place,
    case when instance <> '' then hash(project, service, instance) end as writer,
    path,
    agent,
    at_ns,
    client,
    latency_ns,
    http_status,
    cast(origin as enum ('health_checks', 'scanners', 'tests', 'unknown', 'users')) as origin,
    cast(entered as enum ('health_checks', 'scanners', 'tests', 'unknown', 'users')) as entered
from asked_requests
where
    at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
