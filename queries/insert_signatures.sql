-- name:    insert_signatures
-- about:   the signatures of the relation `fresh` that are not known yet
-- params:
-- columns:

insert into signatures
select
    fresh.signature_id,
    fresh.rules,
    fresh.kind,
    fresh.title,
    fresh.parts,
    fresh.told_at_ns,
    fresh.told_project,
    fresh.told_insert_id
from fresh
anti join signatures using (signature_id, rules)
