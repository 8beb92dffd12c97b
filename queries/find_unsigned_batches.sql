-- name:    find_unsigned_batches
-- about:   batches whose entries have no signatures of this version of the rules yet, oldest first; the times are null
--          of a batch without entries
-- params:  $rules INTEGER
-- columns: batch_id BIGINT, stored BIGINT, first_at_ns BIGINT, last_at_ns BIGINT

select
    batch_id,
    stored,
    first_at_ns,
    last_at_ns
from batches
where batch_id not in (select signed.batch_id from signed where signed.rules = $rules)
order by batch_id
