-- name:    find_cursors
-- about:   how far each source has been read, where that was stored before an instant
-- params:  $end_ns BIGINT
-- needs:   cursors
-- columns: source VARCHAR, cursor VARCHAR, stored_at_ns BIGINT

select
    source,
    cursor,
    stored_at_ns
from cursors
where stored_at_ns < $end_ns
order by source
