-- name:    find_imbalance
-- about:   law 1 checked: batches whose counts do not add up, and sums of the ledger that differ from the rows held
-- params:  $run_id BIGINT
-- columns: what VARCHAR, told BIGINT, held BIGINT

with mine as (
    select batch_id, read, stored, duplicates, dead
    from batches
    where run_id = $run_id
),
sums as (
    select
        cast(coalesce(sum(read), 0) as bigint) as read,
        cast(coalesce(sum(stored), 0) as bigint) as stored,
        cast(coalesce(sum(duplicates), 0) as bigint) as duplicates,
        cast(coalesce(sum(dead), 0) as bigint) as dead
    from mine
),
letters as (
    select count(*) as held
    from dead_letters
    where batch_id in (select batch_id from mine)
),
checks as (
    select 'records read' as what, read as told, stored + duplicates + dead as held from sums
    union all
    select 'dead letters', sums.dead, letters.held from sums, letters
)
select what, told, held
from checks
where told <> held
order by what
