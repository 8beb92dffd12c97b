-- name:    count_spans
-- about:   number of spans that began in a window, and of the services that they are of
-- params:  $start_ns BIGINT, $end_ns BIGINT, $own_service VARCHAR
-- columns: spans BIGINT, services BIGINT, own BIGINT

select
    count(*) as spans,
    count(distinct nullif(service, '')) as services,
    count(*) filter (where service = $own_service) as own
from spans
where start_ns >= $start_ns and start_ns < $end_ns
