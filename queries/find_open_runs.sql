-- name:    find_open_runs
-- about:   runs without an end: they go on, or their process was killed
-- params:
-- columns: run_id BIGINT

select run_id
from runs
where ended_at_ns is null
order by run_id
