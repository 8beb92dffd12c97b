-- name:    count_instance_minutes
-- about:   minutes in which an instance wrote anything, per service, revision and minute: what failures without a
--          trace are counted against. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, minute BIGINT, instances BIGINT

select
    project,
    service,
    revision,
    at_ns // 60_000_000_000 as minute,
    count(distinct instance) as instances
from entries
where
    service <> ''
    and revision <> ''
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
group by all
