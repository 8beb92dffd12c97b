-- name:    find_trace_requests
-- about:   the requests of some traces, with route and origin; a key of `request:` and the id of a line stands for a
--          request without a trace
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[]
-- columns: trace VARCHAR, project VARCHAR, service VARCHAR, revision VARCHAR, route VARCHAR, origin VARCHAR,
--          client UBIGINT, start_ns BIGINT, latency_ns BIGINT, http_status SMALLINT, agent VARCHAR

with failing as (
    select distinct unnest($traces::varchar[]) as trace
),
requests as (
    select
        failing.trace,
        asked.*
    from request_rows as asked
    join failing
        on asked.key = hash(failing.trace)
    where asked.at_ns >= $start_ns and asked.at_ns < $end_ns
),
firsts as (
    select
        trace,
        min({'at_ns': at_ns, 'origin': origin}).origin as origin
    from requests
    group by trace
)
select
    requests.trace,
    places.project,
    places.service,
    places.revision,
    places.http_method || ' ' || paths.route as route,
    cast(
        case
            when requests.origin <> 'unknown' then requests.origin
            else coalesce(nullif(firsts.origin, 'unknown'), requests.entered, requests.origin)
        end
        as varchar
    ) as origin,
    requests.client,
    requests.at_ns as start_ns,
    requests.latency_ns,
    requests.http_status,
    agents.user_agent as agent
from requests
join firsts using (trace)
join request_places as places
    on requests.place = places.id
join origin_routes as paths
    on requests.path = paths.number
left join origin_agents as agents
    on requests.agent = agents.id
order by all
