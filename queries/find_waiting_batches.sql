-- name:    find_waiting_batches
-- about:   batches that nothing has looked through yet, by no version of the rules: without signatures, or without
--          events; oldest first. `is_arriving`: of the last five minutes of a receiver that goes on, which looks through
--          what comes in a minute later
-- params:
-- columns: batch_id BIGINT, stored BIGINT, is_arriving BOOLEAN

select
    batches.batch_id,
    batches.stored,
    coalesce(
        runs.kind = 'receive'
        and runs.ended_at_ns is null
        and batches.stored_at_ns > max(batches.stored_at_ns) over (partition by batches.run_id) - 300_000_000_000,
        false
    ) as is_arriving
from batches
left join runs using (run_id)
where
    batches.stored > 0
    and (
        batches.batch_id not in (select signed.batch_id from signed)
        or batches.batch_id not in (select event_batches.batch_id from event_batches)
    )
order by batches.batch_id
