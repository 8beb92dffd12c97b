-- name:    find_stored_entries
-- about:   identities of stored entries within a span of time that have the time of one in the relation `fresh` (at_ns)
-- params:  $first_ns BIGINT, $last_ns BIGINT
-- columns: project VARCHAR, insert_id VARCHAR, at_ns BIGINT

select project, insert_id, at_ns
from entries
where at_ns between $first_ns and $last_ns
    and at_ns in (select fresh.at_ns from fresh)
