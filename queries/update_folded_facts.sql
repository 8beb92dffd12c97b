-- name:    update_folded_facts
-- about:   facts of batches of the relation `fresh` are of the batches that these go into
-- params:
-- columns:

update facts
set batch_id = fresh.into_id
from fresh
where facts.batch_id = fresh.batch_id and fresh.batch_id <> fresh.into_id
