-- name:    delete_lost_batches
-- about:   forgets batches that were lost: they were told, and their sources read again from before them
-- params:
-- columns:

delete from lost_batches
