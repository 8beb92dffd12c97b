-- name:    count_events
-- about:   events by place, revision and stretch of time; entries that came in after the end of the analysis do not
--          count. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $step_ns BIGINT
-- needs:   events
-- columns: project VARCHAR, service VARCHAR, event VARCHAR, source VARCHAR, revision VARCHAR, step BIGINT,
--          events BIGINT, first_ns BIGINT, last_ns BIGINT

select
    project,
    service,
    event,
    source,
    revision,
    (at_ns - $start_ns) // $step_ns as step,
    count(*) as events,
    min(at_ns) as first_ns,
    max(at_ns) as last_ns
from events
where
    at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
group by all
