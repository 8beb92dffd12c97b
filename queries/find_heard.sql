-- name:    find_heard
-- about:   what people said before an instant, in order
-- params:  $end_ns BIGINT
-- needs:   heard
-- columns: channel VARCHAR, incident_id VARCHAR, remote_id VARCHAR, remote_event_id VARCHAR, said VARCHAR, at_ns
--          BIGINT, heard_at_ns BIGINT

select
    channel,
    incident_id,
    remote_id,
    remote_event_id,
    said,
    at_ns,
    heard_at_ns
from heard
where at_ns < $end_ns
order by at_ns, channel, remote_event_id
