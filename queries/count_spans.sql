-- name:    count_spans
-- about:   number of spans that began in a window, and of the services that they are of
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns: spans BIGINT, services BIGINT

select
    count(*) as spans,
    count(distinct nullif(service, '')) as services
from spans
where start_ns >= $start_ns and start_ns < $end_ns
