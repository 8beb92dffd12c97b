-- name:    find_places
-- about:   where each incident of a channel was told last, and by which message; when that was done, and whether the place
--          was found to be gone then
-- params:  $channel VARCHAR
-- columns: incident_id VARCHAR, delivery_id VARCHAR, remote_id VARCHAR, remote_url VARCHAR, at_ns BIGINT,
--          is_gone BOOLEAN

select
    incident_id,
    delivery_id,
    remote_id,
    remote_url,
    at_ns,
    outcome = 'gone' as is_gone
from deliveries
where channel = $channel and incident_id <> '' and outcome in ('done', 'gone') and remote_id <> ''
qualify row_number() over (partition by incident_id, delivery_id order by at_ns desc) = 1
order by at_ns, delivery_id
