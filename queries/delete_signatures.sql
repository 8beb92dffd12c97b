-- name:    delete_signatures
-- about:   removes those of some signatures that have no occurrence any more
-- params:  $signature_ids VARCHAR[]
-- columns:

delete from signatures
where
    signature_id in (select unnest($signature_ids::varchar[]))
    and signature_id not in (
        select signature_id
        from occurrences
        where signature_id in (select unnest($signature_ids::varchar[]))
    )
