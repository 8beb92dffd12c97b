-- name:    count_waiting
-- about:   messages of each channel that are not delivered, refused or taken over by another yet
-- params:
-- columns: channel VARCHAR, messages BIGINT

select
    outbox.channel,
    count(*) as messages
from outbox
anti join (
    select delivery_id
    from deliveries
    where step = ''
) as ended using (delivery_id)
group by outbox.channel
order by outbox.channel
