-- name:    count_claimed_events
-- about:   business events of a name in a time, by service and revision, all events without a name; with the first and the
--          last of them. Events received after $now_ns do not count
-- params:  $start_ns BIGINT, $end_ns BIGINT, $now_ns BIGINT, $event VARCHAR
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, entries BIGINT, requests BIGINT, first_ns BIGINT,
--          last_ns BIGINT, insert_ids VARCHAR[], traces VARCHAR[]

select
    project,
    service,
    revision,
    count(*) as entries,
    count(distinct coalesce(trace, insert_id)) as requests,
    min(at_ns) as first_ns,
    max(at_ns) as last_ns,
    arg_min(insert_id, at_ns, 5) as insert_ids,
    arg_min(trace, at_ns, 5) as traces
from events
where
    at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $now_ns)
    and ($event::varchar is null or event = $event)
group by project, service, revision
order by project, service, revision
