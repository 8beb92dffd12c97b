-- name:    find_trace_requests
-- about:   the requests of some traces, with route and origin; a key of `request:` and the id of a line stands for a
--          request without a trace
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[]
-- columns: trace VARCHAR, project VARCHAR, service VARCHAR, revision VARCHAR, route VARCHAR, origin VARCHAR,
--          client UBIGINT, start_ns BIGINT, latency_ns BIGINT, http_status SMALLINT, agent VARCHAR

with failing as (
    select unnest($traces::varchar[]) as trace
),
requests as (
    select
        coalesce(trace, 'request:' || insert_id) as trace,
        project,
        service,
        revision,
        at_ns,
        latency_ns,
        client,
        user_agent,
        route,
        http_status,
        origin,
        entered
    from asked_requests
    where
        at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and coalesce(trace, 'request:' || insert_id) in (select trace from failing)
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
    requests.project,
    requests.service,
    requests.revision,
    requests.route,
    case
        when requests.origin <> 'unknown' then requests.origin
        else coalesce(nullif(firsts.origin, 'unknown'), requests.entered, 'unknown')
    end as origin,
    requests.client,
    requests.at_ns as start_ns,
    requests.latency_ns,
    requests.http_status,
    requests.user_agent as agent
from requests
join firsts using (trace)
order by all
