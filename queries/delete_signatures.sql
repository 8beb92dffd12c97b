-- name:    delete_signatures
-- about:   removes signatures by id
-- params:  $signature_ids VARCHAR[]
-- columns:

delete from signatures
where signature_id in (select unnest($signature_ids::varchar[]))
