-- name:    find_settlements
-- about:   what became of forecasts before an instant, the oldest first
-- params:  $end_ns BIGINT
-- needs:   settlements
-- columns: forecast_id VARCHAR, outcome VARCHAR, change_outcome VARCHAR, how VARCHAR, settled_by VARCHAR,
--          statement VARCHAR, note VARCHAR, entry_ids VARCHAR[], trace_ids VARCHAR[], revisions VARCHAR[],
--          rules INTEGER, settled_at_ns BIGINT

select
    forecast_id,
    outcome,
    change_outcome,
    how,
    settled_by,
    statement,
    note,
    entry_ids,
    trace_ids,
    revisions,
    rules,
    settled_at_ns
from settlements
where settled_at_ns < $end_ns
order by settled_at_ns, forecast_id, settled_by, outcome
