-- name:    insert_signed
-- about:   marks batches as signed by a version of the rules, once each
-- params:  $batch_ids BIGINT[], $rules INTEGER
-- columns:

insert into signed
select
    batch_id,
    $rules
from (select unnest($batch_ids::bigint[]) as batch_id)
where batch_id not in (select batch_id from signed where rules = $rules)
