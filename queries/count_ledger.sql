-- name:    count_ledger
-- about:   law 1's sums over everything ever read, per source; how far a source that is pulled has been read. Nobody
--          knows that of one that is received: of those the last that came in counts, and only where none is pulled
-- params:
-- columns: source VARCHAR, read BIGINT, stored BIGINT, duplicates BIGINT, dead BIGINT, max_received_at_ns BIGINT

with told as (
    select
        batches.source,
        batches.read,
        batches.stored,
        batches.duplicates,
        batches.dead,
        batches.max_received_at_ns,
        coalesce(runs.kind = 'receive', false) as is_received
    from batches
    left join runs using (run_id)
),
known as (
    select
        max(max_received_at_ns) filter (where not is_received) as pulled_ns,
        max(max_received_at_ns) as last_ns
    from told
)
select
    told.source,
    cast(sum(told.read) as bigint) as read,
    cast(sum(told.stored) as bigint) as stored,
    cast(sum(told.duplicates) as bigint) as duplicates,
    cast(sum(told.dead) as bigint) as dead,
    coalesce(
        max(told.max_received_at_ns) filter (where not told.is_received),
        case when any_value(known.pulled_ns) is null then any_value(known.last_ns) end
    ) as max_received_at_ns
from told
cross join known
group by told.source
order by told.source
