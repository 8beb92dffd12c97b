-- name:    insert_missing_batch_rows
-- about:   rows that batches hold of which nobody counted them when they came: as they are now
-- params:
-- columns:

insert into batch_rows
with held as (
    select batch_id, 1 as entries, 0 as spans, 0 as tests, 0 as facts, 0 as dead from entries
    union all
    select batch_id, 0, 1, 0, 0, 0 from spans
    union all
    select batch_id, 0, 0, 1, 0, 0 from test_cases
    union all
    select batch_id, 0, 0, 0, 1, 0 from facts
    union all
    select batch_id, 0, 0, 0, 0, 1 from dead_letters
)
select
    batches.batch_id,
    coalesce(sum(held.entries), 0),
    coalesce(sum(held.spans), 0),
    coalesce(sum(held.tests), 0),
    coalesce(sum(held.facts), 0),
    coalesce(sum(held.dead), 0),
    0,
    0,
    0,
    0
from batches
left join held using (batch_id)
where batches.batch_id not in (select batch_rows.batch_id from batch_rows)
group by batches.batch_id
