-- name:    count_spans
-- about:   number of spans that began in a window
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns: spans BIGINT

select count(*) as spans
from spans
where start_ns >= $start_ns and start_ns < $end_ns
