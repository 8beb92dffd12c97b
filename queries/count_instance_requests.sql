-- name:    count_instance_requests
-- about:   what each instance of some services wrote and was asked: when it was first and last seen, its requests and
--          the minutes in which it wrote anything
-- params:  $start_ns BIGINT, $end_ns BIGINT, $services VARCHAR[]
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, instance VARCHAR, first_ns BIGINT, last_ns BIGINT,
--          requests BIGINT, minutes BIGINT

select
    project,
    service,
    revision,
    instance,
    min(at_ns) as first_ns,
    max(at_ns) as last_ns,
    count(*) filter (where log = 'requests') as requests,
    count(distinct at_ns // 60_000_000_000) as minutes
from entries
where
    instance <> ''
    and service in (select unnest($services::varchar[]))
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
group by project, service, revision, instance
order by project, service, revision, instance
