-- name:    delete_old_runs
-- about:   runs that ended before a time and hold no batch any more, but for the last of all, and of each source, kind and
--          end that was complete or not
-- params:  $before_ns BIGINT
-- columns:

delete from runs
where
    ended_at_ns < $before_ns
    and run_id not in (select batches.run_id from batches)
    and run_id not in (
        select max(last_of.run_id)
        from runs as last_of
        where last_of.ended_at_ns is not null
        group by last_of.source, last_of.kind, last_of.outcome = 'complete'
    )
    and run_id < (select max(last_of_all.run_id) from runs as last_of_all)
