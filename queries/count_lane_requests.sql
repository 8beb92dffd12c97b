-- name:    count_lane_requests
-- about:   what some services were asked, per revision and column of time: requests, traces whose spans entered it, and
--          minutes in which an instance wrote anything
-- params:  $start_ns BIGINT, $end_ns BIGINT, $column_ns BIGINT, $services VARCHAR[]
-- columns: service VARCHAR, revision VARCHAR, place BIGINT, requests BIGINT, traces BIGINT, minutes BIGINT

with wanted as (
    select unnest($services::varchar[]) as service
),
written as (
    select
        service,
        revision,
        (at_ns - $start_ns::bigint) // $column_ns::bigint as place,
        count(*) filter (where log = 'requests') as requests,
        cast(0 as bigint) as traces,
        count(distinct (instance, at_ns // 60_000_000_000)) as minutes
    from entries
    where
        at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and service in (select service from wanted)
        and revision <> ''
    group by service, revision, place
),
entered as (
    select
        service,
        revision,
        (start_ns - $start_ns::bigint) // $column_ns::bigint as place,
        cast(0 as bigint) as requests,
        count(distinct trace) as traces,
        cast(0 as bigint) as minutes
    from spans_by_revision
    where
        kind in (2, 5)
        and start_ns >= $start_ns
        and start_ns < $end_ns
        and service in (select service from wanted)
        and revision <> ''
    group by service, revision, place
)
select
    service,
    revision,
    place,
    cast(sum(requests) as bigint) as requests,
    cast(sum(traces) as bigint) as traces,
    cast(sum(minutes) as bigint) as minutes
from (
    select * from written
    union all
    select * from entered
)
group by service, revision, place
order by all
