-- name:    find_all_signatures
-- about:   every signature that this version of the rules told
-- params:  $rules INTEGER
-- columns: signature_id VARCHAR, rules INTEGER, kind VARCHAR, title VARCHAR, parts VARCHAR

select
    signature_id,
    rules,
    kind,
    title,
    parts
from signatures
where rules = $rules
order by signature_id
