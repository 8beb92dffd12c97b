-- name:    delete_old_dead_letters
-- about:   dead letters that were stored before a time
-- params:  $before_ns BIGINT
-- columns:

delete from dead_letters
where batch_id in (select batch_id from batches where stored_at_ns < $before_ns)
