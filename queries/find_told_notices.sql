-- name:    find_told_notices
-- about:   notices of each channel, each once
-- params:
-- columns: delivery_id VARCHAR, channel VARCHAR, key VARCHAR, facts VARCHAR, made_at_ns BIGINT

select
    delivery_id,
    channel,
    key,
    facts,
    made_at_ns
from outbox
where incident_id = ''
order by made_at_ns, delivery_id
