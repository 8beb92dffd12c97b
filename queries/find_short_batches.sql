-- name:    find_short_batches
-- about:   batches from a number on of which the database holds fewer or more rows than they brought, without those that
--          retention took away or that are known as lost; `records` are entries, spans and test cases, `dead` dead letters
-- params:  $first_batch BIGINT
-- columns: batch_id BIGINT, run_id BIGINT, kind VARCHAR, source VARCHAR, location VARCHAR, records BIGINT,
--          held BIGINT, dead BIGINT, held_dead BIGINT, first_at_ns BIGINT, last_at_ns BIGINT

with held as (
    select
        batch_id,
        sum(records) as records,
        sum(dead) as dead
    from (
        select batch_id, 1 as records, 0 as dead from entries where batch_id >= $first_batch
        union all
        select batch_id, 1, 0 from spans where batch_id >= $first_batch
        union all
        select batch_id, 1, 0 from test_cases where batch_id >= $first_batch
        union all
        select batch_id, 0, 1 from dead_letters where batch_id >= $first_batch
    ) as every_row
    group by batch_id
),
told as (
    select
        batch_id,
        entries + spans + tests - pruned - lost as records,
        dead - pruned_dead - lost_dead as dead
    from batch_rows
    where batch_id >= $first_batch
)
select
    told.batch_id,
    batches.run_id,
    coalesce(runs.kind, '') as kind,
    batches.source,
    batches.location,
    told.records,
    cast(coalesce(held.records, 0) as bigint) as held,
    told.dead,
    cast(coalesce(held.dead, 0) as bigint) as held_dead,
    batches.first_at_ns,
    batches.last_at_ns
from told
inner join batches using (batch_id)
left join runs using (run_id)
left join held using (batch_id)
where told.records <> coalesce(held.records, 0) or told.dead <> coalesce(held.dead, 0)
order by told.batch_id
