-- name:    delete_old_deliveries
-- about:   steps from before a time of messages that the outbox holds no more, but for the last that tells where an incident
--          stands in a channel, or that its place is gone
-- params:  $before_ns BIGINT
-- columns:

delete from deliveries
where
    at_ns < $before_ns
    and delivery_id not in (select outbox.delivery_id from outbox)
    and rowid not in (
        select arg_max(placed.rowid, placed.at_ns)
        from deliveries as placed
        where
            placed.outcome in ('done', 'gone') and placed.remote_id <> ''
            and placed.delivery_id in (select ended.delivery_id from deliveries as ended where ended.step = '')
        group by placed.channel, placed.incident_id
    )
