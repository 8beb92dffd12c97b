-- name:    insert_settlements
-- about:   the rows of the relation `fresh` that are not stored yet
-- params:
-- columns:

insert into settlements
select
    fresh.forecast_id,
    fresh.outcome,
    fresh.change_outcome,
    fresh.how,
    fresh.settled_by,
    fresh.statement,
    fresh.note,
    fresh.entry_ids,
    fresh.trace_ids,
    fresh.revisions,
    fresh.rules,
    fresh.settled_at_ns
from fresh
anti join settlements using (forecast_id, settled_by, outcome, settled_at_ns)
