-- name:    update_lost_rows
-- about:   counts as lost, with its batch, rows that are not in the database any more
-- params:  $batch_id BIGINT, $records BIGINT, $dead BIGINT
-- columns:

update batch_rows
set
    lost = lost + $records,
    lost_dead = lost_dead + $dead
where batch_id = $batch_id
