-- name:    count_pruned
-- about:   of everything ever stored and of the dead letters, what retention took away, and what was lost by damage
-- params:
-- columns: pruned BIGINT, pruned_dead BIGINT, lost BIGINT

select
    cast(coalesce(sum(pruned), 0) as bigint) as pruned,
    cast(coalesce(sum(pruned_dead), 0) as bigint) as pruned_dead,
    cast(coalesce(sum(lost), 0) as bigint) as lost
from batch_rows
