-- name:    count_exposure
-- about:   requests per service, revision, route, origin and minute: what failures are counted against; the origin of
--          a request made by a bare library is that of the first request of its trace, else of the span that it entered
--          by. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, route VARCHAR, origin VARCHAR, minute BIGINT,
--          requests BIGINT

with asked as (
    select *
    from request_rows
    where at_ns >= $start_ns and at_ns < $end_ns
),
firsts as (
    select
        key,
        min({'at_ns': at_ns, 'origin': origin}).origin as origin
    from asked
    where is_traced and key in (select key from asked where origin = 'unknown' and is_traced)
    group by key
),
counted as (
    select
        asked.place,
        asked.path,
        case
            when asked.origin <> 'unknown' then asked.origin
            else coalesce(nullif(firsts.origin, 'unknown'), asked.entered, asked.origin)
        end as origin,
        asked.at_ns // 60_000_000_000 as minute,
        count(*) as requests
    from asked
    left join firsts
        on asked.key = firsts.key and asked.is_traced
    group by all
)
select
    places.project,
    places.service,
    places.revision,
    places.http_method || ' ' || paths.route as route,
    cast(counted.origin as varchar) as origin,
    counted.minute,
    cast(sum(counted.requests) as bigint) as requests
from counted
join request_places as places
    on counted.place = places.place
join origin_paths as paths
    on counted.path = paths.id
group by all
