-- name:    count_exposure
-- about:   requests per service, revision, route, origin and stretch of $bin_minutes from $first_minute on: what failures
--          are counted against; the origin of a request made by a bare library is that of the first request of its trace,
--          else of the span that it entered by. Places and routes by the numbers of find_request_places and
--          find_origin_routes, origins by their place in the order of names. `minute`: the first of a stretch. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $first_minute BIGINT, $bin_minutes BIGINT
-- columns: place INTEGER, route INTEGER, origin UTINYINT, minute BIGINT, requests BIGINT

with asked as (
    select
        key,
        is_traced,
        place,
        path,
        at_ns,
        enum_code(origin) as origin,
        enum_code(entered) as entered
    from request_rows
    where at_ns >= $start_ns and at_ns < $end_ns
),
firsts as (
    -- one number for when and who: a hundred times as many traces as minutes fit into memory
    select
        key,
        min((at_ns - $start_ns) * 8 + origin) % 8 as origin
    from asked
    where is_traced and key in (select key from asked where origin = 3 and is_traced)
    group by key
)
select
    asked.place,
    asked.path as route,
    cast(
        case
            when asked.origin <> 3 then asked.origin
            else coalesce(nullif(firsts.origin, 3), asked.entered, 3)
        end
        as utinyint
    ) as origin,
    (asked.at_ns // 60_000_000_000 - $first_minute) // $bin_minutes * $bin_minutes + $first_minute as minute,
    count(*) as requests
from asked
left join firsts
    on asked.key = firsts.key and asked.is_traced
group by all
