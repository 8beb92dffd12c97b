-- name:    count_arrivals
-- about:   what pulls and the receiver stored, in groups of at most five minutes of when it happened and of when it was
--          stored, in the order of storing. The times are null of records that are all dead or tell none; `ahead_ns`: how far
--          the latest of them lies behind its own arrival; `apart_ns`: how far the arrival lies behind the storing
-- params:  $since_ns BIGINT, $end_ns BIGINT
-- columns: source VARCHAR, is_received BOOLEAN, first_at_ns BIGINT, last_at_ns BIGINT, received_at_ns BIGINT, first_stored_ns
--          BIGINT, stored_at_ns BIGINT, read BIGINT, stored BIGINT, dead BIGINT, ahead_ns BIGINT, apart_ns BIGINT

select
    batches.source,
    runs.kind = 'receive' as is_received,
    min(batches.first_at_ns) as first_at_ns,
    max(batches.last_at_ns) as last_at_ns,
    max(batches.max_received_at_ns) as received_at_ns,
    min(batches.stored_at_ns) as first_stored_ns,
    max(batches.stored_at_ns) as stored_at_ns,
    cast(sum(batches.read) as bigint) as read,
    cast(sum(batches.stored) as bigint) as stored,
    cast(sum(batches.dead) as bigint) as dead,
    max(batches.last_at_ns - batches.max_received_at_ns) as ahead_ns,
    max(batches.max_received_at_ns - batches.stored_at_ns) as apart_ns
from batches
join runs using (run_id)
where
    runs.kind in ('collect', 'receive')
    and batches.stored_at_ns < $end_ns
    and batches.stored_at_ns >= $since_ns
group by
    batches.source,
    runs.kind,
    batches.last_at_ns // 300_000_000_000,
    batches.stored_at_ns // 300_000_000_000
order by batches.source, stored_at_ns, last_at_ns, is_received
