-- name:    count_usual_times
-- about:   how long the other requests of some routes take, and how many they are: those outside the bounds in which they
--          pile up (see find_hung_requests).
-- params:  $start_ns BIGINT, $end_ns BIGINT, $sources VARCHAR[], $services VARCHAR[], $routes VARCHAR[], $lows BIGINT[],
--          $highs BIGINT[], $variable_parts VARCHAR
-- columns: source VARCHAR, service VARCHAR, route VARCHAR, others BIGINT, median_ns BIGINT

with asked as (
    select
        unnest($sources::varchar[]) as source,
        unnest($services::varchar[]) as service,
        unnest($routes::varchar[]) as route,
        unnest($lows::bigint[]) as low_ns,
        unnest($highs::bigint[]) as high_ns
),
paths as (
    select
        http_path,
        regexp_replace(coalesce(http_path, ''), $variable_parts, '/*', 'g') as route
    from (
        select distinct http_path
        from entries
        where
            log = 'requests'
            and service in (select service from asked where source = 'requests')
            and at_ns >= $start_ns
            and at_ns < $end_ns
    ) as distinct_paths
),
taken as (
    select
        'requests' as source,
        entries.service,
        coalesce(entries.http_method, '') || ' ' || paths.route as route,
        entries.latency_ns as took_ns
    from entries
    join paths
        on entries.http_path is not distinct from paths.http_path
    where
        entries.log = 'requests'
        and entries.service in (select service from asked where source = 'requests')
        and entries.at_ns >= $start_ns
        and entries.at_ns < $end_ns
        and (entries.received_at_ns is null or entries.received_at_ns < $end_ns)
        and coalesce(entries.http_status, 0) <> 101
    union all
    select
        case when kind = 3 then 'calls' else 'spans' end as source,
        service,
        case
            when kind = 3 then name || case when coalesce(peer_service, '') = '' then '' else ' of ' || peer_service end
            when http_route is null then regexp_replace(name, $variable_parts, '/*', 'g')
            else coalesce(http_method, '') || ' ' || regexp_replace(http_route, $variable_parts, '/*', 'g')
        end as route,
        duration_ns as took_ns
    from spans_by_revision
    where
        kind in (2, 3)
        and service in (select service from asked where source <> 'requests')
        and coalesce(http_status, 0) <> 101
        and start_ns >= $start_ns
        and start_ns < $end_ns
)
select
    taken.source,
    taken.service,
    taken.route,
    count(*) as others,
    cast(quantile_disc(taken.took_ns, 0.5) as bigint) as median_ns
from taken
join asked
    on taken.source = asked.source and taken.service = asked.service and taken.route = asked.route
where taken.took_ns not between asked.low_ns and asked.high_ns
group by taken.source, taken.service, taken.route
order by taken.source, taken.service, taken.route
