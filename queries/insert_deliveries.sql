-- name:    insert_deliveries
-- about:   steps of deliveries, of the relation `fresh`
-- params:
-- columns:

insert into deliveries
select
    delivery_id,
    channel,
    incident_id,
    step,
    attempt,
    outcome,
    remote_id,
    remote_url,
    detail,
    at_ns
from fresh
