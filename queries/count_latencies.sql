-- name:    count_latencies
-- about:   how long requests took that were answered well, per operation, revision, origin, time bin and bucket of a
--          logarithmic scale; see create_latency_rows for what is left out. Operations and revisions by their numbers in
--          latency_operations, origins by their place in the order of names. In no order; what is told of one operation
--          by two pairs stands in two rows. Needs create_latency_operations
-- params:
-- columns: operation_id INTEGER, revision_id INTEGER, origin UTINYINT, bin INTEGER, bucket SMALLINT, requests BIGINT

select
    named.operation_id,
    named.revision_id,
    enum_code(counted.origin) as origin,
    counted.bin,
    counted.bucket,
    counted.requests
from latency_counts as counted
join latency_operations as named
    on counted.is_span = named.is_span and counted.pair = named.pair
