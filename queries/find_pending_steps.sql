-- name:    find_pending_steps
-- about:   what was tried of the messages of a channel that are not delivered, and of those taken over, in order
-- params:  $channel VARCHAR
-- columns: delivery_id VARCHAR, step VARCHAR, attempt INTEGER, outcome VARCHAR, remote_id VARCHAR,
--          remote_url VARCHAR, at_ns BIGINT

with ended as (
    select
        delivery_id,
        outcome,
        detail
    from deliveries
    where channel = $channel and step = ''
    qualify row_number() over (partition by delivery_id order by at_ns desc) = 1
),

past as (
    select delivery_id
    from ended
    where outcome = 'done' or detail in (select delivery_id from ended where outcome = 'done')
)

select
    delivery_id,
    step,
    attempt,
    outcome,
    remote_id,
    remote_url,
    at_ns
from deliveries
anti join past using (delivery_id)
where channel = $channel and step <> ''
order by at_ns, attempt, delivery_id, step
