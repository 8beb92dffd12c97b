-- name:    find_signature_aliases
-- about:   ids of signatures of older rules, with the ids that took their place
-- params:
-- needs:   signature_aliases
-- columns: old_id VARCHAR, new_id VARCHAR

select distinct
    old_id,
    new_id
from signature_aliases
order by old_id, new_id
