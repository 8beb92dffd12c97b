-- name:    find_pruned_batches
-- about:   batches that were stored before a time and of which nothing but facts is left, each with the one of its source
--          and kind of run that its sums go into: the last of them, whose number stays taken. Only where there are two
-- params:  $before_ns BIGINT
-- columns: batch_id BIGINT, into_id BIGINT

with gone as (
    select
        batches.batch_id,
        max(batches.batch_id) over (partition by batches.source, coalesce(runs.kind, '')) as into_id
    from batches
    inner join batch_rows using (batch_id)
    left join runs using (run_id)
    where
        batches.stored_at_ns < $before_ns
        and batch_rows.entries + batch_rows.spans + batch_rows.tests = batch_rows.pruned + batch_rows.lost
        and batch_rows.dead = batch_rows.pruned_dead + batch_rows.lost_dead
)
select
    batch_id,
    into_id
from gone
where into_id in (select into_id from gone group by into_id having count(*) > 1)
