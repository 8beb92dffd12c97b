-- name:    count_replaced_signatures
-- about:   the ids that the same entries have by older rules and by these, where both are stored; `old_id` is null of
--          entries that had none, `new_id` of those that have none any more
-- params:  $rules INTEGER
-- columns: old_id VARCHAR, new_id VARCHAR, entries BIGINT

with current_ids as (
    select signature_id
    from signatures
    where rules = $rules
),
older_ids as (
    select signature_id
    from signatures
    where rules < $rules and signature_id not in (select signature_id from current_ids)
),
old_entries as (
    select distinct
        signature_id as old_id,
        project,
        unnest(insert_ids) as insert_id
    from occurrences
    where signature_id in (select signature_id from older_ids)
),
new_entries as (
    select distinct
        signature_id as new_id,
        project,
        unnest(insert_ids) as insert_id
    from occurrences
    where
        signature_id in (select signature_id from current_ids)
        and batch_id in (select batch_id from signed where rules < $rules)
)
select
    old_id,
    new_id,
    count(*) as entries
from old_entries
full join new_entries using (project, insert_id)
where exists (select 1 from old_entries)
group by old_id, new_id
order by old_id nulls last, new_id nulls last
