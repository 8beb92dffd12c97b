-- name:    find_mutes
-- about:   what people muted, and lifted, before an instant, the oldest first
-- params:  $end_ns BIGINT
-- needs:   mutes
-- columns: mute_id VARCHAR, project VARCHAR, service VARCHAR, cluster_id VARCHAR, title VARCHAR,
--          signature_ids VARCHAR[], until_ns BIGINT, made_at_ns BIGINT, reason VARCHAR, is_lifted BOOLEAN

select
    mute_id,
    project,
    service,
    cluster_id,
    title,
    signature_ids,
    until_ns,
    made_at_ns,
    reason,
    is_lifted
from mutes
where made_at_ns < $end_ns
order by made_at_ns, mute_id, is_lifted
