-- name:    find_failed_traces
-- about:   traces in which a service answered a request with a server error; `request:` and the id of the line for a
--          request without a trace
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns: service VARCHAR, trace VARCHAR

select distinct
    service,
    coalesce(trace, 'request:' || insert_id) as trace
from entries
where
    http_status >= 500
    and log = 'requests'
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
order by service, trace
