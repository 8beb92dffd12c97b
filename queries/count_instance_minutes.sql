-- name:    count_instance_minutes
-- about:   minutes in which an instance wrote anything, per service, revision and stretch of $bin_minutes from
--          $first_minute on, by its first `minute`: what failures without a trace are counted against. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $first_minute BIGINT, $bin_minutes BIGINT
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, minute BIGINT, instances BIGINT

with places as (
    select
        hash(project, service, revision) as place,
        project,
        service,
        revision
    from entries
    where
        service <> ''
        and revision <> ''
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
    group by project, service, revision
),
written as (
    -- a bit for each minute: a group for each of them would be as many times as many groups
    select
        hash(project, service, revision) as place,
        hash(instance) as writer,
        (at_ns // 60_000_000_000 - $first_minute) // $bin_minutes as stretch,
        (at_ns // 60_000_000_000 - $first_minute) % $bin_minutes // 32 as part,
        bit_or(cast(1 as bigint) << cast((at_ns // 60_000_000_000 - $first_minute) % $bin_minutes % 32 as integer)) as minutes
    from entries
    where
        service <> ''
        and revision <> ''
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
    group by all
),
counted as (
    select
        place,
        stretch * $bin_minutes + $first_minute as minute,
        cast(sum(bit_count(minutes)) as bigint) as instances
    from written
    group by all
)
select
    places.project,
    places.service,
    places.revision,
    counted.minute,
    counted.instances
from counted
join places using (place)
