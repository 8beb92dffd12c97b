-- name:    find_latency_trials
-- about:   requests of some operations that were answered well, of every $every-th instant, with how long they took; the
--          trace, `request:` and the id of the line for a request without one. Needs create_latency_operations. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $operations INTEGER[], $every BIGINT
-- columns: project VARCHAR, service VARCHAR, source VARCHAR, operation VARCHAR, revision VARCHAR, at_ns BIGINT,
--          duration_ns BIGINT, trace VARCHAR, origin VARCHAR

with wanted as materialized (
    select
        named.project,
        named.service,
        named.source,
        named.operation,
        named.revision,
        latency_rows.at_ns,
        latency_rows.duration_ns,
        latency_rows.key,
        cast(latency_rows.origin as varchar) as origin
    from latency_rows
    join latency_operations as named
        on
            latency_rows.is_span = named.is_span
            and latency_rows.pair = named.pair
    where
        len($operations::integer[]) > 0  -- of none, nothing is read
        and named.operation_id in (select unnest($operations::integer[]))
        and ($every = 1 or hash(latency_rows.at_ns) % $every = 0)
),
keys as (
    select
        case when trace is null then hash('request:' || insert_id) else hash(trace) end as key,
        coalesce(trace, 'request:' || insert_id) as trace
    from entries
    where
        log = 'requests'
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and at_ns in (select at_ns from wanted where source = 'requests')
    union
    select
        hash(trace) as key,
        trace
    from spans
    where
        start_ns >= $start_ns
        and start_ns < $end_ns
        and start_ns in (select at_ns from wanted where source = 'spans')
)
select distinct
    wanted.project,
    wanted.service,
    wanted.source,
    wanted.operation,
    wanted.revision,
    wanted.at_ns,
    wanted.duration_ns,
    keys.trace,
    wanted.origin
from wanted
join keys
    on wanted.key = keys.key
