-- name:    count_span_exposure
-- about:   traces that entered a service, by its first server span of each, per revision, route, origin and minute: what
--          failures are counted against where a service logs no requests. Only services whose project is known: that of
--          their lines; of a service without any its own, else the only one there is. The revision is that of
--          spans_by_revision (`inferred` counts those that are known by the minute or a version alone). The origin is that
--          of the first logged request of the trace, else what its spans say. `share`: of the traces that its lines tell,
--          those that have such a span: less than all where spans are sampled. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $variable_parts VARCHAR
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, route VARCHAR, origin VARCHAR, minute BIGINT,
--          traces BIGINT, inferred BIGINT, share DOUBLE

with written as materialized (
    select
        service,
        min(project) as project,
        max(project) as other,
        bool_or(log = 'requests') as has_requests
    from entries
    where
        service <> ''
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
    group by service
),
unwritten as (
    select
        service,
        max(project) as project
    from spans_by_revision
    where
        kind in (2, 5)
        and service <> ''
        and service not in (select service from written)
    group by service
),
places as (
    select
        service,
        project
    from written
    where project = other and not has_requests
    union all
    select
        unwritten.service,
        coalesce(
            nullif(unwritten.project, ''),
            (select case when min(project) = max(other) then min(project) end from written),
            ''
        ) as project
    from unwritten
),
entered as materialized (
    select
        service,
        trace,
        min({
            'start_ns': start_ns,
            'span': span,
            'route': case
                when http_route is null then regexp_replace(name, $variable_parts, '/*', 'g')
                else coalesce(http_method, '') || ' ' || regexp_replace(http_route, $variable_parts, '/*', 'g')
            end,
            'revision': revision,
            'is_inferred': revision_by in ('minute', 'told', '')
        }) as first
    from spans_by_revision
    where
        kind in (2, 5)
        and start_ns >= $start_ns
        and start_ns < $end_ns
        and service in (select service from places)
    group by service, trace
),
told as (
    select distinct
        service,
        trace
    from entries
    where
        service in (select service from entered)
        and trace is not null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
shares as (
    select
        told.service,
        count(entered.trace) / count(*) as share
    from told
    left join entered using (service, trace)
    group by told.service
),
requests as (
    select
        key,
        min({'at_ns': at_ns, 'origin': origin}).origin as origin
    from request_rows
    where at_ns >= $start_ns and at_ns < $end_ns and key in (select hash(trace) from entered)
    group by key
),
origins as (
    select
        entered.service,
        entered.trace,
        cast(
            coalesce(nullif(requests.origin, 'unknown'), traces.declared, traces.entered, 'unknown') as varchar
        ) as origin
    from entered
    left join requests
        on hash(entered.trace) = requests.key
    left join origin_traces as traces using (trace)
)
select
    places.project,
    entered.service,
    entered.first.revision as revision,
    entered.first.route as route,
    origins.origin,
    entered.first.start_ns // 60_000_000_000 as minute,
    count(*) as traces,
    count(*) filter (where entered.first.is_inferred) as inferred,
    coalesce(any_value(shares.share), 1.0) as share
from entered
join places using (service)
left join shares using (service)
join origins using (service, trace)
group by
    places.project, entered.service, entered.first.revision, entered.first.route,
    origins.origin, entered.first.start_ns // 60_000_000_000
