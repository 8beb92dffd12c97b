-- name:    delete_span_occurrences
-- about:   removes what was said of the failing spans of some batches
-- params:  $batch_ids BIGINT[]
-- columns:

delete from span_occurrences
where batch_id in (select unnest($batch_ids::bigint[]))
