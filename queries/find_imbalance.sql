-- name:    find_imbalance
-- about:   law 1 checked: batches whose counts do not add up, and sums of the ledger that differ from the rows held and
--          those that retention took away or damage cost
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
    select
        (select count(*) from dead_letters where batch_id in (select batch_id from mine))
        + (
            select cast(coalesce(sum(pruned_dead + lost_dead), 0) as bigint)
            from batch_rows
            where batch_id in (select batch_id from mine)
        ) as held
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
