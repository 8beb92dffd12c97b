-- name:    find_span_samples
-- about:   one failing span of each signature of a service: what the earliest in a window says
-- params:  $start_ns BIGINT, $end_ns BIGINT, $signature_ids VARCHAR[]
-- columns: signature_id VARCHAR, service VARCHAR, message VARCHAR, http_method VARCHAR, http_path VARCHAR,
--          http_status SMALLINT

with firsts as (
    select
        signature_id,
        service,
        min({'at_ns': at_ns, 'trace': trace, 'span': span}) as first
    from span_occurrences
    where
        at_ns >= $start_ns
        and at_ns < $end_ns
        and signature_id in (select unnest($signature_ids::varchar[]))
    group by signature_id, service
)
select
    firsts.signature_id,
    firsts.service,
    coalesce(spans.exception, nullif(spans.status_message, '')) as message,
    spans.http_method,
    coalesce(spans.http_path, spans.http_route) as http_path,
    spans.http_status
from firsts
join spans
    on firsts.first.trace = spans.trace and firsts.first.span = spans.span
order by firsts.signature_id, firsts.service
