-- name:    update_folded_batches
-- about:   batches into which those of the relation `fresh` go have the sums of them all, and no time of an event any more
-- params:
-- columns:

update batches
set
    location = '',
    read = sums.read,
    stored = sums.stored,
    duplicates = sums.duplicates,
    dead = sums.dead,
    first_at_ns = null,
    last_at_ns = null,
    max_received_at_ns = sums.max_received_at_ns
from (
    select
        fresh.into_id,
        cast(sum(batches.read) as bigint) as read,
        cast(sum(batches.stored) as bigint) as stored,
        cast(sum(batches.duplicates) as bigint) as duplicates,
        cast(sum(batches.dead) as bigint) as dead,
        max(batches.max_received_at_ns) as max_received_at_ns
    from batches
    inner join fresh using (batch_id)
    group by fresh.into_id
) as sums
where batches.batch_id = sums.into_id
