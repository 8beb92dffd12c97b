-- name:    find_batches_without_events
-- about:   batches that were not looked through for events by this version of the rules, oldest first
-- params:  $rules INTEGER
-- columns: batch_id BIGINT, stored BIGINT

select
    batch_id,
    stored
from batches
where batch_id not in (select batch_id from event_batches where rules = $rules)
order by batch_id
