-- name:    find_event_traces
-- about:   what else happened in the traces of a service's events, one trace of $one_in: spans that entered it (way 1),
--          its own events (2): what its events may come after where it logs no requests of its own. Each with the events
--          of its trace
-- params:  $start_ns BIGINT, $end_ns BIGINT, $project VARCHAR, $service VARCHAR, $one_in BIGINT
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, trace VARCHAR, at_ns BIGINT, route VARCHAR,
--          origin VARCHAR, http_status SMALLINT, events VARCHAR[], is_near BOOLEAN, due_ns BIGINT, is_crossed BOOLEAN, way INTEGER

with happened as (
    select
        revision,
        trace,
        event,
        source,
        at_ns
    from events
    where
        project = $project
        and service = $service
        and trace is not null
        and hash(trace) % $one_in = 0
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
told as (
    select
        trace,
        list_sort(list_distinct(list(event))) as events,
        -- spans are sampled, and lines are not: only what spans tell may be missed of what spans tell
        coalesce(list_sort(list_distinct(list(event) filter (where source = 'log'))), []) as said,
        max(at_ns) as last_ns
    from happened
    group by trace
),
found as (
    select
        revision,
        trace,
        case when http_route is null then name else coalesce(http_method, '') || ' ' || http_route end as route,
        case when status = 2 then 500 else 200 end as http_status,
        start_ns as at_ns,
        1 as way
    from spans_by_revision
    where
        service = $service
        and kind in (2, 5)
        and hash(trace) % $one_in = 0
        and start_ns >= $start_ns
        and start_ns < $end_ns
    union all
    select
        revision,
        trace,
        event as route,
        200 as http_status,
        at_ns,
        2 as way
    from happened
    where source = 'log'
)
select
    cast($project as varchar) as project,
    cast($service as varchar) as service,
    found.revision,
    found.trace,
    found.at_ns,
    found.route,
    'unknown' as origin,
    cast(found.http_status as smallint) as http_status,
    coalesce(case when found.way = 1 then told.events else told.said end, []) as events,
    false as is_near,
    told.last_ns - found.at_ns as due_ns,
    false as is_crossed,
    found.way
from found
left join told using (trace)
order by all
