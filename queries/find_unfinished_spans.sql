-- name:    find_unfinished_spans
-- about:   stored spans without an end that begin within a span of time and are named in the relation `fresh` (trace,
--          span), with the batch that brought them
-- params:  $first_ns BIGINT, $last_ns BIGINT
-- columns: trace VARCHAR, span VARCHAR, batch_id BIGINT

select
    trace,
    span,
    batch_id
from spans
semi join fresh using (trace, span)
where duration_ns is null and start_ns between $first_ns and $last_ns
