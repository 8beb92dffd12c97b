-- name:    create_latency_counts
-- about:   for the reader that asks alone: how many requests of latency_rows took how long, per pair, origin, time bin and
--          bucket of a logarithmic scale, $per_octave of them an octave. Needs create_latency_rows
-- params:  $bin_ns BIGINT, $per_octave DOUBLE
-- columns:

create or replace temp table latency_counts as
select
    is_span,
    pair,
    origin,
    cast(at_ns // $bin_ns as integer) as bin,
    cast(floor(log2(duration_ns) * $per_octave) as smallint) as bucket,
    count(*) as requests
from latency_rows
group by all
