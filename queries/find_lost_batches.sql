-- name:    find_lost_batches
-- about:   batches that were acknowledged and are not in the database any more, the oldest first
-- params:
-- columns: source VARCHAR, location VARCHAR, records BIGINT, first_at_ns BIGINT, last_at_ns BIGINT, found_at_ns BIGINT

select
    source,
    location,
    records,
    first_at_ns,
    last_at_ns,
    found_at_ns
from lost_batches
order by found_at_ns, batch_id
