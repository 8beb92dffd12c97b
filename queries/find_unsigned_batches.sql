-- name:    find_unsigned_batches
-- about:   batches whose entries have no signatures of this version of the rules yet, oldest first; the times are null
--          of a batch without entries; `is_arriving`: of the last five minutes of a receiver that goes on, which signs
--          what comes in a minute later
-- params:  $rules INTEGER
-- columns: batch_id BIGINT, stored BIGINT, first_at_ns BIGINT, last_at_ns BIGINT, is_arriving BOOLEAN

select
    batches.batch_id,
    batches.stored,
    batches.first_at_ns,
    batches.last_at_ns,
    coalesce(
        runs.kind = 'receive'
        and runs.ended_at_ns is null
        and batches.stored_at_ns > max(batches.stored_at_ns) over (partition by batches.run_id) - 300_000_000_000,
        false
    ) as is_arriving
from batches
left join runs using (run_id)
where batches.batch_id not in (select signed.batch_id from signed where signed.rules = $rules)
order by batches.batch_id
