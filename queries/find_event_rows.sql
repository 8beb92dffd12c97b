-- name:    find_event_rows
-- about:   events of some names, one of $one_in by their id, with the fields that came with a value
-- params:  $start_ns BIGINT, $end_ns BIGINT, $project VARCHAR, $service VARCHAR, $names VARCHAR[], $one_in BIGINT
-- columns: project VARCHAR, service VARCHAR, event VARCHAR, revision VARCHAR, at_ns BIGINT, trace VARCHAR,
--          insert_id VARCHAR, fields VARCHAR[]

select
    project,
    service,
    event,
    revision,
    at_ns,
    trace,
    insert_id,
    fields
from events
where
    project = $project
    and service = $service
    and event in (select unnest($names::varchar[]))
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
    and hash(insert_id) % $one_in = 0
order by at_ns, insert_id
