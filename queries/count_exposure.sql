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
known as materialized (
    -- one number for when and who: a hundred times as many traces as minutes fit into memory
    select
        key,
        min((at_ns - $start_ns) * 8 + origin) as first
    from asked
    where is_traced and origin <> 3 and key in (select key from asked where origin = 3 and is_traced)
    group by key
),
bare as (
    select
        key,
        min((at_ns - $start_ns) * 8 + origin) as first
    from asked
    where origin = 3 and is_traced and key in (select key from known)
    group by key
),
firsts as (
    select
        known.key,
        known.first % 8 as origin
    from known
    join bare using (key)
    where known.first < bare.first
),
counted as (
    select
        asked.place,
        asked.path,
        cast(
            case when asked.origin <> 3 then asked.origin else coalesce(firsts.origin, asked.entered, 3) end as utinyint
        ) as origin,
        asked.stretch,
        count(*) as requests
    from asked
    left join firsts
        on asked.key = firsts.key and asked.origin = 3 and asked.is_traced
    group by all
)
select
    place,
    path as route,
    origin,
    cast(stretch as bigint) * $bin_minutes + $first_minute as minute,
    requests
from counted
