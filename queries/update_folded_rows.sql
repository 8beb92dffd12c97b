-- name:    update_folded_rows
-- about:   rows that batches brought, of those into which the batches of the relation `fresh` go: the sums of them all
-- params:
-- columns:

update batch_rows
set
    entries = sums.entries,
    spans = sums.spans,
    tests = sums.tests,
    facts = sums.facts,
    dead = sums.dead,
    pruned = sums.pruned,
    pruned_dead = sums.pruned_dead,
    lost = sums.lost,
    lost_dead = sums.lost_dead
from (
    select
        fresh.into_id,
        cast(sum(batch_rows.entries) as bigint) as entries,
        cast(sum(batch_rows.spans) as bigint) as spans,
        cast(sum(batch_rows.tests) as bigint) as tests,
        cast(sum(batch_rows.facts) as bigint) as facts,
        cast(sum(batch_rows.dead) as bigint) as dead,
        cast(sum(batch_rows.pruned) as bigint) as pruned,
        cast(sum(batch_rows.pruned_dead) as bigint) as pruned_dead,
        cast(sum(batch_rows.lost) as bigint) as lost,
        cast(sum(batch_rows.lost_dead) as bigint) as lost_dead
    from batch_rows
    inner join fresh using (batch_id)
    group by fresh.into_id
) as sums
where batch_rows.batch_id = sums.into_id
