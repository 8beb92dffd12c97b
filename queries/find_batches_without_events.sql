-- name:    find_batches_without_events
-- about:   batches that were not looked through for events by this version of the rules, oldest first; has_entries,
--          has_spans: whether it may have brought any
-- params:  $rules INTEGER
-- columns: batch_id BIGINT, stored BIGINT, has_entries BOOLEAN, has_spans BOOLEAN

select
    batch_id,
    batches.stored,
    coalesce(batch_rows.entries > 0, true) as has_entries,
    coalesce(batch_rows.spans > 0, true) as has_spans
from batches
left join batch_rows using (batch_id)
where batch_id not in (select batch_id from event_batches where rules = $rules)
order by batch_id
