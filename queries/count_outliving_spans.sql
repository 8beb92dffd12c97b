-- name:    count_outliving_spans
-- about:   spans that went on for more than a second after the request of their trace had ended, or have no end: per
--          service, operation and trace. What is handed on to a queue is meant to, and left out
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[], $ends BIGINT[]
-- columns: trace VARCHAR, service VARCHAR, name VARCHAR, over_ns BIGINT

with asked as (
    select
        trace,
        max(ended_ns) as ended_ns
    from (
        select
            unnest($traces::varchar[]) as trace,
            unnest($ends::bigint[]) as ended_ns
    ) as each_one
    group by trace
)
select
    spans.trace,
    spans.service,
    spans.name,
    max(spans.start_ns + spans.duration_ns - asked.ended_ns) as over_ns
from spans
join asked using (trace)
where
    spans.start_ns >= $start_ns
    and spans.start_ns < $end_ns
    and spans.start_ns <= asked.ended_ns
    and spans.kind not in (4, 5)
    and (
        spans.duration_ns is null
        or spans.start_ns + spans.duration_ns > asked.ended_ns + 1_000_000_000
    )
group by spans.trace, spans.service, spans.name
order by spans.trace, spans.service, spans.name
