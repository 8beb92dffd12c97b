-- name:    find_cluster_spans
-- about:   failing spans of some failures, each told by its cluster, service and trace, or where it has none by its
--          instance and time: then the span that was open in that instance, or in one that is named otherwise (`joined`).
--          A span that both tell is told once, by its trace
-- params:  $clusters VARCHAR[], $services VARCHAR[], $traces VARCHAR[], $instances VARCHAR[], $times BIGINT[],
--          $end_ns BIGINT, $most BIGINT
-- needs:   spans
-- columns: cluster_id VARCHAR, service VARCHAR, trace VARCHAR, span VARCHAR, name VARCHAR, at_ns BIGINT, text VARCHAR,
--          joined VARCHAR

with asked as (
    select
        unnest($clusters::varchar[]) as cluster_id,
        unnest($services::varchar[]) as service,
        unnest($traces::varchar[]) as trace,
        unnest($instances::varchar[]) as instance,
        unnest($times::bigint[]) as at_ns
),
failing as materialized (
    select
        service,
        instance,
        trace,
        span,
        name,
        start_ns,
        at_ns
    from span_occurrences
    where
        service in (select service from asked)
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
known as (
    select distinct
        service,
        instance
    from failing
),
placed as (
    select
        asked.cluster_id,
        asked.service,
        asked.at_ns,
        case when known.instance is null then '' else asked.instance end as instance
    from asked
    left join known
        on asked.service = known.service and asked.instance = known.instance
    where asked.trace is null
),
spread as (
    select
        service,
        unnest(case when instance = '' then [''] else [instance, ''] end) as place,
        trace,
        span,
        name,
        start_ns,
        at_ns
    from failing
),
joined_spans as (
    select
        asked.cluster_id,
        failing.service,
        failing.trace,
        failing.span,
        failing.name,
        failing.at_ns,
        'trace' as joined
    from asked
    join failing
        on asked.service = failing.service and asked.trace = failing.trace
    union all
    select
        placed.cluster_id,
        spread.service,
        spread.trace,
        spread.span,
        spread.name,
        spread.at_ns,
        'time' as joined
    from placed
    asof join spread
        on
            placed.service = spread.service
            and placed.instance = spread.place
            and placed.at_ns - 1_000_000_000 <= spread.at_ns
    where spread.start_ns - 5_000_000 <= placed.at_ns
),
found as (
    select
        cluster_id,
        service,
        trace,
        span,
        name,
        at_ns,
        max(joined) as joined
    from joined_spans
    group by cluster_id, service, trace, span, name, at_ns
),
ranked as (
    select
        found.*,
        row_number() over (partition by cluster_id order by at_ns, trace, span) as turn
    from found
)
select
    ranked.cluster_id,
    ranked.service,
    ranked.trace,
    ranked.span,
    ranked.name,
    ranked.at_ns,
    left(coalesce(spans.exception, nullif(spans.status_message, ''), spans.error_type, ''), 2000) as text,
    ranked.joined
from ranked
join spans
    on ranked.trace = spans.trace and ranked.span = spans.span
where turn <= $most
order by cluster_id, at_ns, trace, span
