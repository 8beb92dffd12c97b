-- name:    delete_delivered_edits
-- about:   messages of the outbox with mere figures that are delivered, or taken over by one that is, but for the last message
--          on each incident in each channel: nobody is told them again
-- params:
-- columns:

delete from outbox
where
    rowid in (
        select place
        from (
            select
                rowid as place,
                act,
                seq < max(seq) over (partition by channel, incident_id) as is_passed
            from outbox
        )
        where act = 'edit' and is_passed
    )
    and delivery_id in (
        select ended.delivery_id
        from deliveries as ended
        left join deliveries as taker on taker.delivery_id = ended.detail and taker.step = '' and taker.outcome = 'done'
        where ended.step = '' and (ended.outcome = 'done' or taker.delivery_id is not null)
    )
