-- name:    insert_signed
-- about:   marks batches as signed by a version of the rules
-- params:  $batch_ids BIGINT[], $rules INTEGER
-- columns:

insert into signed
select
    unnest($batch_ids::bigint[]),
    $rules
