-- name:    count_told_lines
-- about:   lines that services wrote of themselves below WARNING, by revision and stretch of time, and the last of each:
--          how much of what a service says arrives. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $step_ns BIGINT, $services VARCHAR[]
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, step BIGINT, lines BIGINT, last_ns BIGINT

select
    project,
    service,
    revision,
    (at_ns - $start_ns) // $step_ns as step,
    count(*) as lines,
    max(at_ns) as last_ns
from entries
where
    service in (select unnest($services::varchar[]))
    and (severity = 0 or severity between 9 and 12)
    and log not in ('requests', 'varlog/system', 'activity', 'system_event', 'data_access', 'policy')
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
group by all
