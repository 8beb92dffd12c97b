-- name:    count_exposure
-- about:   requests per service, revision, route, origin and stretch of $bin_minutes from $first_minute on: what failures
--          are counted against; the origin of a request made by a bare library is that of the first request of its trace,
--          else of the span that it entered by. Places and routes by the numbers of find_request_places and
--          find_origin_routes, origins by their place in the order of names. `minute`: the first of a stretch. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $first_minute BIGINT, $bin_minutes BIGINT
-- columns: place INTEGER, route INTEGER, origin UTINYINT, minute BIGINT, requests BIGINT

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
        (asked.at_ns // 60_000_000_000 - $first_minute) // $bin_minutes * $bin_minutes + $first_minute as minute,
        count(*) as requests
    from asked
    left join firsts
        on asked.key = firsts.key and asked.is_traced
    group by all
)
select
    places.id as place,
    routes.number as route,
    cast(enum_code(counted.origin) as utinyint) as origin,
    counted.minute,
    counted.requests
from counted
join request_places as places
    on counted.place = places.place
join origin_routes as routes
    on counted.path = routes.id
