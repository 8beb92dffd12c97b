-- name:    insert_outbox
-- about:   the messages of the relation `fresh` that are not there yet
-- params:
-- columns:

insert into outbox
select
    fresh.delivery_id,
    fresh.channel,
    fresh.incident_id,
    fresh.key,
    fresh.seq,
    fresh.act,
    fresh.facts,
    fresh.claims,
    fresh.shown,
    fresh.is_over,
    fresh.finding_id,
    fresh.message,
    fresh.made_at_ns
from fresh
anti join outbox using (delivery_id)
