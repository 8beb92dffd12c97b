-- name:    count_window
-- about:   what was looked at: entries, services and projects of a window, when its first and last came in
-- params:  $start_ns BIGINT, $end_ns BIGINT, $own_service VARCHAR
-- columns: entries BIGINT, services BIGINT, without_trace BIGINT, requests BIGINT, own BIGINT, last_received_ns BIGINT

select
    count(*) as entries,
    count(distinct nullif(service, '')) as services,
    count(*) filter (where trace is null) as without_trace,
    count(*) filter (where log = 'requests') as requests,
    count(*) filter (where service = $own_service) as own,
    max(received_at_ns) as last_received_ns
from entries
where at_ns >= $start_ns and at_ns < $end_ns and (received_at_ns is null or received_at_ns < $end_ns)
