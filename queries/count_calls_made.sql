-- name:    count_calls_made
-- about:   client spans of some names, by whom they call, per revision and minute: what calls that hang are counted against
-- params:  $start_ns BIGINT, $end_ns BIGINT, $services VARCHAR[], $routes VARCHAR[]
-- columns: service VARCHAR, route VARCHAR, revision VARCHAR, minute BIGINT, calls BIGINT

with asked as (
    select
        unnest($services::varchar[]) as service,
        unnest($routes::varchar[]) as route
)
select
    service,
    name || case when coalesce(peer_service, '') = '' then '' else ' of ' || peer_service end as route,
    revision,
    start_ns // 60_000_000_000 as minute,
    count(*) as calls
from spans_by_revision
where
    kind = 3
    and start_ns >= $start_ns
    and start_ns < $end_ns
    and (service, name || case when coalesce(peer_service, '') = '' then '' else ' of ' || peer_service end)
    in (select (service, route) from asked)
group by all
order by all
