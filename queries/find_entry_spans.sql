-- name:    find_entry_spans
-- about:   some traces as they entered services that log no requests: the first server span of each, told as a request;
--          who sent it is what the trace says, null where it says nothing (see find_trace_requests, count_span_exposure)
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[], $variable_parts VARCHAR, $services VARCHAR[],
--          $projects VARCHAR[]
-- columns: trace VARCHAR, project VARCHAR, service VARCHAR, revision VARCHAR, route VARCHAR, origin VARCHAR,
--          client UBIGINT, start_ns BIGINT, latency_ns BIGINT, http_status SMALLINT

with failing as (
    select unnest($traces::varchar[]) as trace
),
places as (
    select
        unnest($services::varchar[]) as service,
        unnest($projects::varchar[]) as project
),
entered as (
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
            'revision': case when revision_by in ('own', 'instance', 'request') then revision else '' end,
            'latency_ns': duration_ns,
            'http_status': http_status
        }) as first
    from spans_by_revision
    where
        kind in (2, 5)
        and start_ns >= $start_ns
        and start_ns < $end_ns
        and service in (select service from places)
        and trace in (select trace from failing)
    group by service, trace
)
select
    entered.trace,
    places.project,
    entered.service,
    entered.first.revision as revision,
    entered.first.route as route,
    cast(coalesce(traces.declared, traces.entered) as varchar) as origin,
    cast(null as ubigint) as client,
    entered.first.start_ns as start_ns,
    entered.first.latency_ns as latency_ns,
    entered.first.http_status as http_status
from entered
join places using (service)
left join origin_traces as traces using (trace)
order by all
