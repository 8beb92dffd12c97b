-- name:    update_signatures
-- about:   the words of known signatures of which the relation `fresh` has an earlier occurrence
-- params:
-- columns:

update signatures
set
    title = fresh.title,
    parts = fresh.parts,
    told_at_ns = fresh.told_at_ns,
    told_project = fresh.told_project,
    told_insert_id = fresh.told_insert_id
from fresh
where
    signatures.signature_id = fresh.signature_id
    and signatures.rules = fresh.rules
    and (
        signatures.told_at_ns is null
        or (fresh.told_at_ns, fresh.told_project, fresh.told_insert_id)
        <= (signatures.told_at_ns, signatures.told_project, signatures.told_insert_id)
    )
