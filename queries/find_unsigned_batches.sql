-- name:    find_unsigned_batches
-- about:   batches whose entries have no signatures of this version of the rules yet, oldest first
-- params:  $rules INTEGER
-- columns: batch_id BIGINT, stored BIGINT

select
    batch_id,
    stored
from batches
where batch_id not in (select batch_id from signed where rules = $rules)
order by batch_id
