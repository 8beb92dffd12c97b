-- name:    insert_mutes
-- about:   the rows of the relation `fresh` that are not stored yet
-- params:
-- columns:

insert into mutes
select
    fresh.mute_id,
    fresh.project,
    fresh.service,
    fresh.cluster_id,
    fresh.title,
    fresh.signature_ids,
    fresh.until_ns,
    fresh.made_at_ns,
    fresh.reason,
    fresh.is_lifted
from fresh
anti join mutes using (mute_id, is_lifted, made_at_ns)
