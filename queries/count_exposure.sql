-- name:    count_exposure
-- about:   requests per service, revision, route, origin and minute: what failures are counted against; the origin of
--          a request made by a bare library is that of the first request of its trace, else of the span that it entered
--          by. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, route VARCHAR, origin VARCHAR, minute BIGINT,
--          requests BIGINT

with asked as (
    select
        project,
        service,
        revision,
        trace,
        at_ns,
        route,
        origin,
        entered
    from asked_requests
    where
        at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
firsts as (
    select
        trace,
        min({'at_ns': at_ns, 'origin': origin}).origin as origin
    from asked
    where trace is not null
    group by trace
)
select
    asked.project,
    asked.service,
    asked.revision,
    asked.route,
    case
        when asked.origin <> 'unknown' then asked.origin
        else coalesce(nullif(firsts.origin, 'unknown'), asked.entered, 'unknown')
    end as origin,
    asked.at_ns // 60_000_000_000 as minute,
    count(*) as requests
from asked
left join firsts using (trace)
group by all
