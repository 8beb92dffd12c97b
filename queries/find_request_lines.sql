-- name:    find_request_lines
-- about:   the request lines of some traces in a window, by time
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[]
-- columns: project VARCHAR, service VARCHAR, at_ns BIGINT, trace VARCHAR, insert_id VARCHAR

select
    project,
    service,
    at_ns,
    trace,
    insert_id
from entries
where
    log = 'requests'
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
    and trace in (select unnest($traces::varchar[]))
order by at_ns, insert_id, project
