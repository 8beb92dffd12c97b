-- name:    find_event_requests
-- about:   requests of services that tell events, one of $one_in by their key, each with the events that came with it:
--          by its trace, else, of a line without one, the request of its instance that was under way and ended first
--          after it (`is_near`). The key is the trace, else `request:` and the id of the line. `due_ns`: the longest
--          that an event of it came after its start; `is_crossed`: another request was under way in its instance, so
--          that a line without a trace may be of either. Needs create_asked_requests
-- params:  $start_ns BIGINT, $end_ns BIGINT, $services VARCHAR[], $one_in BIGINT
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, trace VARCHAR, at_ns BIGINT, route VARCHAR,
--          origin VARCHAR, http_status SMALLINT, events VARCHAR[], is_near BOOLEAN, due_ns BIGINT,
--          is_crossed BOOLEAN

with asked as materialized (
    select
        project,
        service,
        revision,
        hash(project, service, instance) as place,
        trace,
        coalesce(trace, 'request:' || insert_id) as key,
        at_ns,
        at_ns + coalesce(latency_ns, 0) as done_ns,
        route,
        cast(origin as varchar) as origin,
        http_status,
        coalesce(
            max(at_ns + coalesce(latency_ns, 0)) over (
                partition by project, service, instance
                order by at_ns, insert_id
                rows between unbounded preceding and 1 preceding
            ) >= at_ns - 5_000_000
            or lead(at_ns) over (partition by project, service, instance order by at_ns, insert_id)
            <= at_ns + coalesce(latency_ns, 0) + 5_000_000,
            false
        ) as is_crossed
    from asked_requests
    where
        service in (select unnest($services::varchar[]))
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
happened as (
    select
        project,
        service,
        hash(project, service, instance) as place,
        instance,
        trace,
        event,
        at_ns
    from events
    where
        source = 'log'
        and service in (select unnest($services::varchar[]))
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
near as (
    select
        lonely.project,
        lonely.service,
        requests.key,
        requests.at_ns as asked_ns,
        lonely.event,
        lonely.at_ns,
        requests.done_ns
    from (select * from happened where trace is null and instance <> '') as lonely
    asof join asked as requests
        on lonely.place = requests.place and lonely.at_ns - 5_000_000 <= requests.done_ns
    where requests.at_ns <= lonely.at_ns + 5_000_000 and requests.done_ns - lonely.at_ns <= 900_000_000_000
),
linked as (
    select
        project,
        service,
        trace as key,
        event,
        at_ns,
        false as is_near
    from happened
    where trace is not null
    union all
    select
        project,
        service,
        key,
        event,
        at_ns,
        true as is_near
    from near
),
told as (
    select
        project,
        service,
        key,
        list_sort(list_distinct(list(event))) as events,
        bool_or(is_near) as is_near,
        max(at_ns) as last_ns
    from linked
    where hash(key) % $one_in = 0
    group by project, service, key
),
kept as (
    select
        asked.project,
        asked.service,
        asked.revision,
        asked.key,
        asked.at_ns,
        asked.route,
        asked.origin,
        asked.http_status,
        asked.is_crossed
    from asked
    where hash(asked.key) % $one_in = 0
)
select
    kept.project,
    kept.service,
    kept.revision,
    kept.key as trace,
    kept.at_ns,
    kept.route,
    kept.origin,
    kept.http_status,
    coalesce(told.events, []) as events,
    coalesce(told.is_near, false) as is_near,
    told.last_ns - kept.at_ns as due_ns,
    kept.is_crossed
from kept
left join told
    on kept.project = told.project and kept.service = told.service and kept.key = told.key
order by all
