-- name:    find_latency_operations
-- about:   the operations and revisions that count_latencies gives by their numbers. Needs create_latency_operations
-- params:
-- columns: operation_id INTEGER, revision_id INTEGER, project VARCHAR, service VARCHAR, source VARCHAR,
--          operation VARCHAR, revision VARCHAR

select distinct
    operation_id,
    revision_id,
    project,
    service,
    source,
    operation,
    revision
from latency_operations
order by operation_id, revision_id
