-- name:    create_latency_sources
-- about:   for the reader that asks alone: services with spans that may tell how long requests took, how many of those are
--          of a server, and how many requests with a duration the service logged. Needs create_request_rows
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns:

create or replace temp table latency_sources as
with told as (
    select
        service,
        count(*) filter (where kind = 2) as spans
    from spans_by_revision
    where
        (kind in (2, 5) or parent_span = '')
        and service <> ''
        and start_ns >= $start_ns
        and start_ns < $end_ns
    group by service
),
logged as (
    select
        places.service,
        sum(counted.many) as many
    from (
        select
            place,
            count(*) as many
        from request_rows
        where latency_ns is not null
        group by place
    ) as counted
    join request_places as places
        on counted.place = places.id
    group by places.service
)
select
    told.service,
    told.spans,
    coalesce(logged.many, 0) as logged
from told
left join logged using (service)
