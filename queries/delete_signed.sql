-- name:    delete_signed
-- about:   batches that are to be signed anew: what they brought says more than it did
-- params:  $batch_ids BIGINT[]
-- columns:

delete from signed
where batch_id in (select unnest($batch_ids::bigint[]))
