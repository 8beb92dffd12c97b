-- name:    find_signatures
-- about:   signatures by id, as the current rules told them, and when they first occurred
-- params:  $signature_ids VARCHAR[], $rules INTEGER
-- columns: signature_id VARCHAR, rules INTEGER, kind VARCHAR, title VARCHAR, parts VARCHAR, told_at_ns BIGINT

select
    signature_id,
    rules,
    kind,
    title,
    parts,
    told_at_ns
from signatures
where rules = $rules and signature_id in (select unnest($signature_ids::varchar[]))
order by signature_id
