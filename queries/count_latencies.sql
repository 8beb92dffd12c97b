-- name:    count_latencies
-- about:   how long requests took that were answered well, per operation, revision, origin, time bin and bucket of a
--          logarithmic scale, $per_octave of them an octave; see create_latency_rows for what is left out. Operations and
--          revisions by their numbers in latency_operations. In no order
-- params:  $bin_ns BIGINT, $per_octave DOUBLE
-- columns: operation_id INTEGER, revision_id INTEGER, origin VARCHAR, bin BIGINT, bucket BIGINT, requests BIGINT

with counted as (
    select
        is_span,
        pair,
        origin,
        at_ns // $bin_ns as bin,
        cast(floor(log2(duration_ns) * $per_octave) as bigint) as bucket,
        count(*) as requests
    from latency_rows
    group by all
)
select
    named.operation_id,
    named.revision_id,
    cast(counted.origin as varchar) as origin,
    counted.bin,
    counted.bucket,
    cast(sum(counted.requests) as bigint) as requests
from counted
join latency_operations as named
    on counted.is_span = named.is_span and counted.pair = named.pair
group by all
