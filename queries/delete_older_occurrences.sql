-- name:    delete_older_occurrences
-- about:   removes what older rules said of entries
-- params:  $rules INTEGER
-- columns:

delete from occurrences
where
    signature_id in (select signature_id from signatures where rules < $rules)
    and signature_id not in (select signature_id from signatures where rules = $rules)
