-- name:    insert_heard
-- about:   the words of the relation `fresh` that were not heard yet
-- params:
-- columns:

insert into heard
select
    fresh.channel,
    fresh.incident_id,
    fresh.remote_id,
    fresh.remote_event_id,
    fresh.said,
    fresh.at_ns,
    fresh.heard_at_ns
from fresh
anti join heard using (channel, remote_event_id)
