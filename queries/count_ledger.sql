-- name:    count_ledger
-- about:   law 1's sums over everything ever read, per source
-- params:
-- columns: source VARCHAR, read BIGINT, stored BIGINT, duplicates BIGINT, dead BIGINT, max_received_at_ns BIGINT

select
    source,
    cast(sum(read) as bigint) as read,
    cast(sum(stored) as bigint) as stored,
    cast(sum(duplicates) as bigint) as duplicates,
    cast(sum(dead) as bigint) as dead,
    max(max_received_at_ns) as max_received_at_ns
from batches
group by source
order by source
