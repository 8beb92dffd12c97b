-- name:    insert_signature_aliases
-- about:   the pairs of ids of the relation `fresh` that are not known yet
-- params:  $rules INTEGER
-- columns:

insert into signature_aliases
select
    fresh.old_id,
    fresh.new_id,
    $rules
from fresh
anti join signature_aliases using (old_id, new_id)
