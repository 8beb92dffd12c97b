-- name:    count_route_steps
-- about:   requests of a project by service, route and stretch of time, health checks and scanners apart. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $step_ns BIGINT, $project VARCHAR
-- columns: service VARCHAR, route VARCHAR, step BIGINT, requests BIGINT

select
    service,
    route,
    (at_ns - $start_ns) // $step_ns as step,
    count(*) as requests
from asked_requests
where
    project = $project
    and origin not in ('health_checks', 'scanners')
    and http_status between 100 and 399
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
group by all
