-- name:    find_failed_traces
-- about:   traces in which a service answered a request with a server error; `request:` and the id of the line for a
--          request without a trace
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns: service VARCHAR, trace VARCHAR

select distinct
    service,
    trace
from entries
where
    http_status >= 500
    and log = 'requests'
    and trace is not null
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
union all
-- apart, so that the ids of lines are read where they are needed alone
select distinct
    service,
    'request:' || insert_id as trace
from entries
where
    http_status >= 500
    and log = 'requests'
    and trace is null
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
order by service, trace
