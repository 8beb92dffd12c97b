-- name:    count_calls
-- about:   which service called which, in spans of a window: a span whose parent belongs to another service
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- needs:   spans
-- columns: caller VARCHAR, service VARCHAR, traces BIGINT

with entered as (
    select trace, parent_span, service
    from spans
    where kind in (2, 5) and parent_span <> '' and start_ns >= $start_ns and start_ns < $end_ns
),
parents as (
    select trace, span, service
    from spans
    where start_ns >= $start_ns and start_ns < $end_ns
)
select
    parents.service as caller,
    entered.service,
    count(distinct entered.trace) as traces
from entered
join parents
    on entered.trace = parents.trace and entered.parent_span = parents.span
where parents.service <> entered.service and parents.service <> '' and entered.service <> ''
group by parents.service, entered.service
order by parents.service, entered.service
