-- name:    create_request_rows
-- about:   for the reader that asks alone: asked_requests of a time, as far as they were received in it, read once for the
--          queries that count and look up. Numbers for names: `key` is the hash of the trace, else of `request:` and the
--          id of the line; `place`, `path` and `agent` are those of request_places, origin_routes and origin_agents;
--          `writer` is the instance. Origins are in the order of their names. Needs create_asked_requests,
--          create_request_places and create_origin_routes
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns:

create or replace temp table request_rows as
select
    case when asked.trace is null then hash('request:' || asked.insert_id) else hash(asked.trace) end as key,
    asked.trace is not null as is_traced,
    places.id as place,
    case when asked.instance <> '' then hash(asked.project, asked.service, asked.instance) end as writer,
    routes.number as path,
    asked.agent,
    asked.at_ns,
    asked.client,
    asked.latency_ns,
    asked.http_status,
    cast(asked.origin as enum ('health_checks', 'scanners', 'tests', 'unknown', 'users')) as origin,
    cast(asked.entered as enum ('health_checks', 'scanners', 'tests', 'unknown', 'users')) as entered
from asked_requests as asked
join request_places as places
    on hash(asked.project, asked.service, asked.revision, asked.http_method) = places.place
join origin_routes as routes
    on asked.path = routes.id
where
    asked.at_ns >= $start_ns
    and asked.at_ns < $end_ns
    and (asked.received_at_ns is null or asked.received_at_ns < $end_ns)
