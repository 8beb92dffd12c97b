-- name:    find_route_requests
-- about:   requests of one route, by time; who has no trace is named by its line
-- params:  $start_ns BIGINT, $end_ns BIGINT, $project VARCHAR, $service VARCHAR, $route VARCHAR
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, trace VARCHAR, at_ns BIGINT, route VARCHAR,
--          origin VARCHAR, http_status SMALLINT

select
    project,
    service,
    revision,
    coalesce(trace, 'request:' || insert_id) as trace,
    at_ns,
    route,
    cast(origin as varchar) as origin,
    http_status
from asked_requests
where
    project = $project
    and service = $service
    and route = $route
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
order by at_ns, insert_id
