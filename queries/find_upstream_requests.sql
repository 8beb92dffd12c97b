-- name:    find_upstream_requests
-- about:   requests to other services on routes that a service's events come after: in one trace with them, or in a trace
--          that a span of the service links to. One trace of $one_in, each with these events; who sent it is what the
--          first request of its trace tells. `due_ns`: the longest that an event came after it
-- params:  $start_ns BIGINT, $end_ns BIGINT, $project VARCHAR, $service VARCHAR, $one_in BIGINT
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, trace VARCHAR, at_ns BIGINT, route VARCHAR,
--          origin VARCHAR, http_status SMALLINT, events VARCHAR[], due_ns BIGINT

with happened as (
    select
        trace,
        event,
        at_ns
    from events
    where
        project = $project
        and service = $service
        and source = 'log'
        and trace is not null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
linked as (
    select distinct
        trace,
        split_part(link, ':', 1) as origin
    from (
        select
            trace,
            unnest(string_split(links, ' ')) as link
        from spans
        where service = $service and links is not null and start_ns >= $start_ns and start_ns < $end_ns
    ) as links
),
brought as (
    select
        trace,
        event,
        at_ns
    from happened
    union all
    select
        linked.origin as trace,
        happened.event,
        happened.at_ns
    from happened
    join linked using (trace)
),
told as (
    select
        trace,
        list_sort(list_distinct(list(event))) as events,
        max(at_ns) as last_ns
    from brought
    where hash(trace) % $one_in = 0
    group by trace
),
asked as (
    select
        service,
        revision,
        trace,
        at_ns,
        route,
        cast(origin as varchar) as origin,
        cast(entered as varchar) as entered,
        http_status
    from asked_requests
    where
        project = $project
        and service <> $service
        and trace is not null
        and hash(trace) % $one_in = 0
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
known as (
    select distinct
        asked.service,
        asked.route
    from asked
    join told using (trace)
),
firsts as (
    select
        trace,
        min({'at_ns': at_ns, 'origin': origin}).origin as origin
    from asked
    group by trace
)
select
    cast($project as varchar) as project,
    asked.service,
    asked.revision,
    asked.trace,
    asked.at_ns,
    asked.route,
    case
        when asked.origin <> 'unknown' then asked.origin
        else coalesce(nullif(firsts.origin, 'unknown'), asked.entered, 'unknown')
    end as origin,
    asked.http_status,
    coalesce(told.events, []) as events,
    told.last_ns - asked.at_ns as due_ns
from asked
semi join known on asked.service = known.service and asked.route = known.route
join firsts on asked.trace = firsts.trace
left join told on asked.trace = told.trace
order by all
