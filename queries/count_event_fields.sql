-- name:    count_event_fields
-- about:   in how many events of a revision and stretch of time each field came with a value. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $step_ns BIGINT
-- needs:   events
-- columns: project VARCHAR, service VARCHAR, event VARCHAR, source VARCHAR, revision VARCHAR, step BIGINT,
--          field VARCHAR, events BIGINT

with told as (
    select
        project,
        service,
        event,
        source,
        revision,
        (at_ns - $start_ns) // $step_ns as step,
        unnest(fields) as field
    from events
    where
        at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
)
select
    project,
    service,
    event,
    source,
    revision,
    step,
    field,
    count(*) as events
from told
group by all
