-- name:    count_long_requests
-- about:   requests that took at least $least_ns, per service, route and bucket of a logarithmic scale whose steps are half
--          a percent: where they pile up, a limit ended them. Requests of the platform's log; of services that log none,
--          server spans; `calls` are client spans, by their name and whom they call. Upgraded connections are left out
-- params:  $start_ns BIGINT, $end_ns BIGINT, $least_ns BIGINT, $variable_parts VARCHAR
-- columns: source VARCHAR, project VARCHAR, service VARCHAR, route VARCHAR, bucket BIGINT, requests BIGINT,
--          shortest_ns BIGINT, longest_ns BIGINT

with lines as (
    select
        'requests' as source,
        project,
        service,
        coalesce(http_method, '') || ' ' || regexp_replace(coalesce(http_path, ''), $variable_parts, '/*', 'g') as route,
        latency_ns as took_ns
    from entries
    where
        log = 'requests'
        and latency_ns >= $least_ns
        and coalesce(http_status, 0) <> 101
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
long_spans as (
    select
        service,
        name,
        kind,
        coalesce(peer_service, '') as peer_service,
        http_method,
        http_route,
        duration_ns as took_ns
    from spans_by_revision
    where
        kind in (2, 3)
        and duration_ns >= $least_ns
        and coalesce(http_status, 0) <> 101
        and service <> ''
        and start_ns >= $start_ns
        and start_ns < $end_ns
),
logging as (
    select distinct service
    from entries
    where
        log = 'requests'
        and service in (select service from long_spans)
        and at_ns >= $start_ns
        and at_ns < $end_ns
),
taken as (
    select * from lines
    union all
    select
        case when kind = 3 then 'calls' else 'spans' end as source,
        '' as project,
        service,
        case
            when kind = 3 then name || case when peer_service = '' then '' else ' of ' || peer_service end
            when http_route is null then regexp_replace(name, $variable_parts, '/*', 'g')
            else coalesce(http_method, '') || ' ' || regexp_replace(http_route, $variable_parts, '/*', 'g')
        end as route,
        took_ns
    from long_spans
    where kind = 3 or service not in (select service from logging)
)
select
    source,
    project,
    service,
    route,
    cast(floor(ln(took_ns) / 0.005) as bigint) as bucket,
    count(*) as requests,
    min(took_ns) as shortest_ns,
    max(took_ns) as longest_ns
from taken
group by source, project, service, route, bucket
order by source, project, service, route, bucket
