-- name:    insert_batch
-- about:   the ledger of one batch, written in the transaction that stores its records
-- params:  $batch_id BIGINT, $run_id BIGINT, $source VARCHAR, $location VARCHAR, $read BIGINT, $stored BIGINT,
--          $duplicates BIGINT, $dead BIGINT, $first_ns BIGINT, $last_ns BIGINT, $received_ns BIGINT, $now_ns BIGINT
-- columns:

insert into batches
values (
    $batch_id, $run_id, $source, $location, $read, $stored, $duplicates, $dead, $first_ns, $last_ns, $received_ns,
    $now_ns
)
