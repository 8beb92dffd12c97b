-- name:    find_first_spans
-- about:   the earliest failing span of each of some signatures, as find_spans_to_sign gives them. None of a signature
--          that no span has
-- params:  $signature_ids VARCHAR[]
-- columns: trace VARCHAR, span VARCHAR, batch_id BIGINT

select
    first.trace as trace,
    first.span as span,
    first.batch_id as batch_id
from (
    select min({'at_ns': at_ns, 'trace': trace, 'span': span, 'batch_id': batch_id}) as first
    from span_occurrences
    where signature_id in (select unnest($signature_ids::varchar[]))
    group by signature_id
) as firsts
order by trace, span
