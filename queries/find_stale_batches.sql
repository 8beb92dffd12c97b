-- name:    find_stale_batches
-- about:   batches whose signatures are those of older rules, the oldest first; `signed_rules` is the newest of them
-- params:  $rules INTEGER
-- columns: batch_id BIGINT, stored BIGINT, signed_rules INTEGER

select
    batches.batch_id,
    batches.stored,
    max(signed.rules) as signed_rules
from batches
inner join signed using (batch_id)
group by batches.batch_id, batches.stored
having max(signed.rules) < $rules
order by batches.batch_id
