-- name:    find_traces_with_event
-- about:   which of some traces have an event of a service; with a field, which have it with a value
-- params:  $start_ns BIGINT, $end_ns BIGINT, $service VARCHAR, $event VARCHAR, $field VARCHAR, $traces VARCHAR[]
-- columns: trace VARCHAR

select distinct trace
from events
where
    service = $service
    and event = $event
    and trace is not null
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
    and trace in (select unnest($traces::varchar[]))
    and ($field::varchar = '' or list_contains(fields, $field::varchar))
order by trace
