-- name:    create_latency_failed
-- about:   for the reader that asks alone: the keys, as request_rows has them, of traces in which anything failed or was
--          turned away. Needs create_request_rows
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns:

create or replace temp table latency_failed as
select key
from request_rows
where
    is_traced
    and (http_status >= 500 or http_status = 429)
    and place not in (select id from request_places where service = '')
union
select hash(trace) as key
from spans_by_revision
where
    status = 2
    and (kind in (2, 5) or parent_span = '')
    and start_ns >= $start_ns
    and start_ns < $end_ns
