-- name:    find_pending
-- about:   messages of a channel that are not delivered, and those that one of these took over, whose id is in
--          `into_id`
-- params:  $channel VARCHAR
-- columns: delivery_id VARCHAR, into_id VARCHAR, incident_id VARCHAR, key VARCHAR, seq BIGINT, act VARCHAR, message
--          VARCHAR, made_at_ns BIGINT

with ended as (
    select
        delivery_id,
        outcome,
        detail
    from deliveries
    where channel = $channel and step = ''
    qualify row_number() over (partition by delivery_id order by at_ns desc) = 1
),

waiting as (
    select delivery_id
    from outbox
    anti join ended using (delivery_id)
    where channel = $channel
),

placed as (
    select
        delivery_id,
        '' as into_id
    from waiting
    union all
    select
        delivery_id,
        detail as into_id
    from ended
    where outcome = 'superseded' and detail in (select delivery_id from waiting)
)

select
    outbox.delivery_id,
    placed.into_id,
    outbox.incident_id,
    outbox.key,
    outbox.seq,
    outbox.act,
    outbox.message,
    outbox.made_at_ns
from outbox
join placed using (delivery_id)
where outbox.channel = $channel
order by outbox.made_at_ns, outbox.seq, outbox.delivery_id
