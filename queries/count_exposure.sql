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
        cast((at_ns // 60_000_000_000 - $first_minute) // $bin_minutes as integer) as stretch,
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
),
told as (
    select
        place,
        path,
        cast(case when origin <> 3 then origin else coalesce(entered, 3) end as utinyint) as origin,
        stretch
    from asked
    where not (origin = 3 and is_traced)
    union all
    select
        asked.place,
        asked.path,
        cast(coalesce(nullif(firsts.origin, 3), asked.entered, 3) as utinyint) as origin,
        asked.stretch
    from asked
    join firsts
        on asked.key = firsts.key
    where asked.origin = 3 and asked.is_traced
),
counted as (
    select
        place,
        path,
        origin,
        stretch,
        count(*) as requests
    from told
    group by all
)
select
    place,
    path as route,
    origin,
    cast(stretch as bigint) * $bin_minutes + $first_minute as minute,
    requests
from counted
