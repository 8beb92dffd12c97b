-- name:    count_health_checks
-- about:   health checks of some services that were answered with success, by revision and stretch of time. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $step_ns BIGINT, $services VARCHAR[], $health_paths VARCHAR
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, path VARCHAR, step BIGINT, checks BIGINT

with checks as (
    select
        project,
        service,
        revision,
        http_path as path,
        (at_ns - $start_ns) // $step_ns as step,
        count(*) as checks
    from entries
    where
        log = 'requests'
        and http_status between 200 and 299
        and service in (select unnest($services::varchar[]))
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
    group by all
)
select *
from checks
where regexp_matches(path, $health_paths)
