-- name:    find_last_told
-- about:   the last message on each incident in each channel, delivered or not; `words`: how many were no mere edit
-- params:
-- columns: channel VARCHAR, incident_id VARCHAR, seq BIGINT, words BIGINT, facts VARCHAR, claims VARCHAR, shown
--          VARCHAR, is_over BOOLEAN, finding_id VARCHAR, made_at_ns BIGINT

select
    channel,
    incident_id,
    seq,
    count(*) filter (where act <> 'edit') over (partition by channel, incident_id) as words,
    facts,
    claims,
    shown,
    is_over,
    finding_id,
    made_at_ns
from outbox
where incident_id <> ''
qualify row_number() over (partition by channel, incident_id order by seq desc, delivery_id) = 1
order by channel, incident_id
