-- name:    insert_event_batches
-- about:   marks batches as looked through for events by a version of the rules, and forgets what older ones marked
-- params:  $batch_ids BIGINT[], $rules INTEGER
-- columns:

insert into event_batches
select
    batch_id,
    $rules
from (select unnest($batch_ids::bigint[]) as batch_id)
where batch_id not in (select batch_id from event_batches where rules = $rules)
