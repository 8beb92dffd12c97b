-- name:    find_latency_parts
-- about:   where the time of some requests went: per request (its trace, service and start) and operation inside it, how
--          many spans and how long they took themselves, without the spans that they called. Inside are the spans of
--          the trace that lie between begin and end of the span with which it came in
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[], $services VARCHAR[], $starts BIGINT[],
--          $variable_parts VARCHAR
-- columns: trace VARCHAR, asked_service VARCHAR, asked_ns BIGINT, service VARCHAR, operation VARCHAR, kind UTINYINT,
--          db_system VARCHAR, spans BIGINT, self_ns BIGINT, whole_ns BIGINT

with asked as (
    select
        unnest($traces::varchar[]) as trace,
        unnest($services::varchar[]) as service,
        unnest($starts::bigint[]) as asked_ns
),
told as materialized (
    select
        trace,
        span,
        parent_span,
        service,
        name,
        kind,
        start_ns,
        start_ns + duration_ns as end_ns,
        duration_ns,
        http_method,
        http_route,
        peer_service,
        db_system
    from spans_by_revision
    where
        start_ns >= $start_ns
        and start_ns < $end_ns
        and duration_ns is not null
        and trace in (select trace from asked)
),
entered as (
    select
        asked.trace,
        asked.service,
        asked.asked_ns,
        arg_min(told.span, abs(told.start_ns - asked.asked_ns)) as span,
        arg_min(told.start_ns, abs(told.start_ns - asked.asked_ns)) as start_ns,
        arg_min(told.end_ns, abs(told.start_ns - asked.asked_ns)) as end_ns
    from asked
    join told
        on asked.trace = told.trace and asked.service = told.service and (told.kind in (2, 5) or told.parent_span = '')
    group by asked.trace, asked.service, asked.asked_ns
),
called as (
    select
        parents.trace,
        parents.span,
        sum(greatest(least(children.end_ns, parents.end_ns) - greatest(children.start_ns, parents.start_ns), 0)) as ns
    from told as children
    join told as parents
        on children.trace = parents.trace and children.parent_span = parents.span
    group by parents.trace, parents.span
)
select
    entered.trace,
    entered.service as asked_service,
    entered.asked_ns,
    told.service,
    case
        when told.http_route is not null then trim(coalesce(told.http_method, '') || ' ' || told.http_route)
        when told.kind = 3 and told.peer_service is not null and told.peer_service <> ''
            then regexp_replace(told.name, $variable_parts, '/*', 'g') || ' of ' || told.peer_service
        else regexp_replace(told.name, $variable_parts, '/*', 'g')
    end as operation,
    told.kind,
    coalesce(told.db_system, '') as db_system,
    count(*) as spans,
    sum(greatest(told.duration_ns - coalesce(called.ns, 0), 0))::bigint as self_ns,
    any_value(entered.end_ns - entered.start_ns) as whole_ns
from entered
join told
    on
        entered.trace = told.trace
        and told.start_ns >= entered.start_ns
        and told.end_ns <= entered.end_ns + 1_000_000
left join called on told.trace = called.trace and told.span = called.span
group by all
order by all
