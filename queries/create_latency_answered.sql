-- name:    create_latency_answered
-- about:   for the reader that asks alone: when each instance, by its `writer` of request_rows, had answered once: before,
--          it was starting. A table of its own, so that it is known to be small. Needs create_request_rows
-- params:
-- columns:

create or replace temp table latency_answered as
select
    writer,
    min(at_ns + latency_ns) as warm_ns
from request_rows
where
    writer is not null
    and latency_ns is not null
    and place not in (select id from request_places where service = '')
group by writer
