-- name:    find_last_work
-- about:   when anything was stored or a run began last, before an instant: whoever did that was alive
-- params:  $end_ns BIGINT
-- columns: at_ns BIGINT

select
    greatest(
        (select max(stored_at_ns) from batches where stored_at_ns < $end_ns),
        (select max(started_at_ns) from runs where started_at_ns < $end_ns)
    ) as at_ns
