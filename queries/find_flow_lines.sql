-- name:    find_flow_lines
-- about:   what some revisions wrote in the traces that they took part in, a row for each trace and line, in the form of
--          find_flow_steps: the operation is the route of the request, '' where none was logged. One row without a step
--          for each trace. At most $most traces of a revision and route, by the hash of their id
-- params:  $start_ns BIGINT, $end_ns BIGINT, $services VARCHAR[], $revisions VARCHAR[], $most BIGINT,
--          $variable_parts VARCHAR
-- columns: service VARCHAR, revision VARCHAR, trace VARCHAR, parent VARCHAR, step VARCHAR, at_ns BIGINT, begin_ns BIGINT,
--          end_ns BIGINT, took_ns BIGINT, is_bad BOOLEAN, is_entry BOOLEAN, traces BIGINT

with wanted as (
    select
        unnest($services::varchar[]) as service,
        unnest($revisions::varchar[]) as revision
),
own as (
    select
        service,
        revision,
        trace,
        at_ns,
        severity,
        log,
        split_part(left(message, 300), chr(10), 1) as said,
        latency_ns,
        coalesce(http_status, 0) >= 500 as is_failed,
        case
            when log = 'requests'
                then coalesce(http_method, '') || ' ' || regexp_replace(coalesce(http_path, ''), $variable_parts, '/*', 'g')
        end as route
    from entries
    where
        trace is not null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and (service, revision) in (select (service, revision) from wanted)
),
entered as (
    select
        service,
        revision,
        trace,
        min(at_ns) as at_ns,
        max(at_ns) as last_ns,
        max(latency_ns) as latency_ns,
        bool_or(is_failed) as is_bad,
        coalesce(min(route), '') as parent
    from own
    group by service, revision, trace
),
ranked as (
    select
        service,
        revision,
        trace,
        at_ns,
        last_ns,
        latency_ns,
        is_bad,
        parent,
        row_number() over (partition by service, revision, parent order by hash(trace), trace) as place,
        count(*) over (partition by service, revision) as traces
    from entered
),
picked as materialized (
    select
        service,
        revision,
        trace,
        at_ns,
        coalesce(at_ns + latency_ns, last_ns) as end_ns,
        is_bad,
        parent,
        traces
    from ranked
    where place <= $most
)
select
    picked.service,
    picked.revision,
    picked.trace,
    picked.parent,
    own.said as step,
    picked.at_ns,
    min(own.at_ns) as begin_ns,
    min(own.at_ns) as end_ns,
    cast(null as bigint) as took_ns,
    max(own.severity) >= 17 as is_bad,
    true as is_entry,
    picked.traces
from own
join picked using (service, revision, trace)
where own.log <> 'requests' and own.said is not null
group by
    picked.service, picked.revision, picked.trace, picked.parent, own.said, picked.at_ns, picked.traces
union all
select
    service,
    revision,
    trace,
    parent,
    cast(null as varchar) as step,
    at_ns,
    at_ns as begin_ns,
    end_ns,
    end_ns - at_ns as took_ns,
    is_bad,
    true as is_entry,
    traces
from picked
order by all
