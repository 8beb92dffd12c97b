-- name:    find_ledger_mismatches
-- about:   law 1 over everything ever read: runs whose sums do not add up
-- params:
-- columns: run_id BIGINT, source VARCHAR, what VARCHAR, told BIGINT, held BIGINT

select
    run_id,
    any_value(source) as source,
    'records read' as what,
    cast(sum(read) as bigint) as told,
    cast(sum(stored + duplicates + dead) as bigint) as held
from batches
group by run_id
having sum(read) <> sum(stored + duplicates + dead)
order by run_id
