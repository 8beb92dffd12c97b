-- name:    find_stored_spans
-- about:   identities of stored spans that begin within a span of time and are named in the relation `fresh` (span)
-- params:  $first_ns BIGINT, $last_ns BIGINT
-- columns: trace VARCHAR, span VARCHAR

select trace, span
from spans
where start_ns between $first_ns and $last_ns
    and span in (select fresh.span from fresh)
