-- name:    update_pruned_rows
-- about:   counts with their batches the rows that retention is about to take away before a time
-- params:  $before_ns BIGINT
-- columns:

update batch_rows
set
    pruned = batch_rows.pruned + going.records,
    pruned_dead = batch_rows.pruned_dead + going.dead
from (
    select
        batch_id,
        sum(records) as records,
        sum(dead) as dead
    from (
        select batch_id, 1 as records, 0 as dead from entries where at_ns < $before_ns
        union all
        select batch_id, 1, 0 from spans where start_ns < $before_ns
        union all
        select batch_id, 1, 0
        from test_cases
        inner join batches using (batch_id)
        where coalesce(test_cases.at_ns, batches.stored_at_ns) < $before_ns
        union all
        select batch_id, 0, 1
        from dead_letters
        inner join batches using (batch_id)
        where batches.stored_at_ns < $before_ns
    ) as every_row
    group by batch_id
) as going
where batch_rows.batch_id = going.batch_id
