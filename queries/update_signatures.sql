-- name:    update_signatures
-- about:   the words of known signatures where the relation `fresh` has better ones: a message before none, then the
--          first by name. So they do not depend on which occurrence was read first
-- params:
-- columns:

update signatures
set
    title = fresh.title,
    parts = fresh.parts
from fresh
where
    signatures.signature_id = fresh.signature_id
    and signatures.rules = fresh.rules
    and (contains(fresh.parts, '"message":""'), fresh.title, fresh.parts)
    < (contains(signatures.parts, '"message":""'), signatures.title, signatures.parts)
