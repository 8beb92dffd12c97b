-- name:    count_exposure
-- about:   requests per service, revision, route, origin and stretch of $bin_minutes from $first_minute on: what failures
--          are counted against; the origin of a request made by a bare library is that of the first request of its trace,
--          else of the span that it entered by. Places and routes by the numbers of find_request_places and
--          find_origin_routes, origins by their place in the order of names. `minute`: the first of a stretch. In no order. Needs
--          create_origin_firsts
-- params:  $start_ns BIGINT, $end_ns BIGINT, $first_minute BIGINT, $bin_minutes BIGINT
-- columns: place INTEGER, route INTEGER, origin UTINYINT, minute BIGINT, requests BIGINT

with counted as (
    select
        asked.place,
        asked.path,
        cast(
            case
                when asked.origin <> 'unknown' then enum_code(asked.origin)
                else coalesce(firsts.origin, enum_code(asked.entered), enum_code(asked.origin))
            end as utinyint
        ) as origin,
        cast((asked.at_ns // 60_000_000_000 - $first_minute) // $bin_minutes as integer) as stretch,
        count(*) as requests
    from request_rows as asked
    left join origin_firsts as firsts
        on asked.key = firsts.key and asked.origin = 'unknown' and asked.is_traced
    where asked.at_ns >= $start_ns and asked.at_ns < $end_ns
    group by all
)
select
    place,
    path as route,
    origin,
    cast(stretch as bigint) * $bin_minutes + $first_minute as minute,
    requests
from counted
