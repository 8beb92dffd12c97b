-- name:    find_unsigned_batches
-- about:   batches whose entries have no signatures of this version of the rules yet, oldest first; the times are null
--          of a batch without entries; has_spans: whether it may have brought any
-- params:  $rules INTEGER
-- columns: batch_id BIGINT, stored BIGINT, first_at_ns BIGINT, last_at_ns BIGINT, has_spans BOOLEAN

select
    batch_id,
    batches.stored,
    first_at_ns,
    last_at_ns,
    coalesce(batch_rows.spans > 0, true) as has_spans
from batches
left join batch_rows using (batch_id)
where batch_id not in (select signed.batch_id from signed where signed.rules = $rules)
order by batch_id
