-- name:    insert_batch_rows
-- about:   how many rows of each table one batch brought, written in the transaction that stores them
-- params:  $batch_id BIGINT, $entries BIGINT, $spans BIGINT, $tests BIGINT, $facts BIGINT, $dead BIGINT
-- columns:

insert into batch_rows
values ($batch_id, $entries, $spans, $tests, $facts, $dead, 0, 0, 0, 0)
