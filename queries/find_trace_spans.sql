-- name:    find_trace_spans
-- about:   each service in some traces: when its first span began and which
--          service called it ("" for the first)
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[]
-- needs:   spans
-- columns: trace VARCHAR, service VARCHAR, revision VARCHAR, caller VARCHAR, start_ns BIGINT, errors BIGINT

with failing as (
    select unnest($traces::varchar[]) as trace
),
seen as (
    select
        trace,
        span,
        parent_span,
        service,
        revision,
        start_ns,
        status
    from spans_by_revision
    where
        start_ns >= $start_ns
        and start_ns < $end_ns
        and trace in (select trace from failing)
)
select
    seen.trace,
    seen.service,
    max(seen.revision) as revision,
    coalesce(parents.service, '') as caller,
    min(seen.start_ns) as start_ns,
    count(*) filter (where seen.status = 2) as errors
from seen
left join seen as parents
    on seen.trace = parents.trace and seen.parent_span = parents.span
where coalesce(parents.service, '') <> seen.service
group by seen.trace, seen.service, coalesce(parents.service, '')
order by all
