-- name:    create_request_rows
-- about:   for the reader that asks alone: asked_requests of a time, as far as they were received in it, read once for the
--          queries that count and look up. Numbers for names: `key` is the hash of the trace, else of `request:` and the
--          id of the line; `place`, `path` and `agent` are those of request_places, origin_routes and origin_agents;
--          `writer` is the instance. Origins are in the order of their names. Needs create_asked_requests,
--          create_request_places and create_origin_routes
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns:

create or replace temp table request_rows as
with keyed as (
    select
        hash(trace) as key,
        true as is_traced,
        place,
        writer,
        path,
        agent,
        at_ns,
        client,
        latency_ns,
        http_status,
        origin,
        entered
    from asked_requests
    where
        trace is not null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
    union all
    -- apart, so that the ids of lines are read where they are needed alone
    select
        hash('request:' || insert_id) as key,
        false as is_traced,
        place,
        writer,
        path,
        agent,
        at_ns,
        client,
        latency_ns,
        http_status,
        origin,
        entered
    from asked_requests
    where
        trace is null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
)
select
    keyed.key,
    keyed.is_traced,
    places.id as place,
    keyed.writer,
    keyed.path,
    keyed.agent,
    keyed.at_ns,
    keyed.client,
    keyed.latency_ns,
    keyed.http_status,
    keyed.origin,
    keyed.entered
from keyed
join request_places as places
    on keyed.place = places.place
