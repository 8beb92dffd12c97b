-- name:    count_latencies
-- about:   how long requests took that were answered well, per operation, revision, origin, time bin and bucket of a
--          logarithmic scale ($per_octave of them an octave; 0: the duration itself, of each request by its trace, of the
--          operations named in $operations and of every $every-th instant). Requests of the platform's log; of services
--          that log fewer than half as many, server spans; consumer spans and roots that are neither, in any case. Left
--          out: health checks, scanners, answers from 400 on, upgrades, traces in which anything failed or was turned
--          away, cold starts, and what began before an instance had answered once. Needs create_asked_requests. In no
--          order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $bin_ns BIGINT, $per_octave DOUBLE, $operations VARCHAR[], $every BIGINT,
--          $health_paths VARCHAR, $variable_parts VARCHAR
-- columns: project VARCHAR, service VARCHAR, source VARCHAR, operation VARCHAR, revision VARCHAR, origin VARCHAR,
--          bin BIGINT, bucket BIGINT, trace VARCHAR, requests BIGINT

with requests as (
    select
        project,
        service,
        revision,
        case when instance <> '' then hash(project, service, instance) end as writer,
        hash(trace) as trace_key,
        trace is not null as is_traced,
        at_ns,
        latency_ns,
        route,
        is_health,
        is_odd,
        http_status,
        origin,
        case when $per_octave = 0 then coalesce(trace, 'request:' || insert_id) end as trace
    from asked_requests
    where
        service <> ''
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
told as (
    select
        project,
        service,
        trace,
        span,
        parent_span,
        revision,
        instance,
        name,
        kind,
        start_ns,
        duration_ns,
        status,
        http_method,
        http_route,
        http_status,
        user_agent,
        synthetic,
        cold_start
    from spans_by_revision
    where
        (kind in (2, 5) or parent_span = '')
        and service <> ''
        and start_ns >= $start_ns
        and start_ns < $end_ns
),
names as (
    select
        http_method,
        http_route,
        name,
        case
            when http_route is null then regexp_replace(name, $variable_parts, '/*', 'g')
            else trim(
                coalesce(http_method, '') || ' '
                || regexp_replace(
                    regexp_replace(http_route, '[{][^}]*[}]|<[^>]*>|/:[A-Za-z_]+|\[[^\]]*\]', '/*', 'g'), '/+', '/', 'g'
                )
            )
        end as operation,
        regexp_matches(coalesce(http_route, name), $health_paths) as is_health
    from (select distinct http_method, http_route, name from told) as distinct_names
),
failed as (
    select trace_key from requests where (http_status >= 500 or http_status = 429) and is_traced
    union
    select hash(trace) as trace_key
    from spans_by_revision
    where
        status = 2
        and (kind in (2, 5) or parent_span = '')
        and start_ns >= $start_ns
        and start_ns < $end_ns
),
answered as (
    select
        writer,
        min(at_ns + latency_ns) as warm_ns
    from requests
    where writer is not null and latency_ns is not null
    group by writer
),
sources as (
    select
        service,
        coalesce(any_value(logged.many), 0) as logged,
        count(*) filter (where told.kind = 2) as spans
    from told
    left join (
        select
            service,
            count(*) as many
        from requests
        where latency_ns is not null
        group by service
    ) as logged using (service)
    group by service
),
places as (
    select
        service,
        min(project) as project
    from entries
    where service in (select service from sources)
    group by service
),
senders as (
    select
        trace_key,
        nullif(arg_min(origin, at_ns), 'unknown') as origin
    from requests
    where is_traced and trace_key in (select hash(trace) from told)
    group by trace_key
),
timed as (
    select
        requests.project,
        requests.service,
        'requests' as source,
        requests.route as operation,
        requests.revision,
        requests.origin,
        requests.at_ns,
        requests.latency_ns as duration_ns,
        requests.trace
    from requests
    left join answered on requests.writer = answered.writer
    left join sources on requests.service = sources.service
    where
        requests.latency_ns > 0
        and requests.http_status between 102 and 399
        and requests.origin not in ('scanners', 'health_checks')
        and not requests.is_health
        and not requests.is_odd
        and (answered.warm_ns is null or requests.at_ns >= answered.warm_ns)
        and (sources.service is null or 2 * sources.logged >= sources.spans)
        and (not requests.is_traced or requests.trace_key not in (select trace_key from failed))
    union all
    select
        coalesce(nullif(told.project, ''), places.project, ''),
        told.service,
        'spans',
        names.operation,
        told.revision,
        case
            when agents.agent = 'tests' then 'tests'
            when coalesce(agents.agent, 'unknown') <> 'unknown' and traces.declared is null then agents.agent
            else coalesce(traces.declared, senders.origin, traces.entered, 'unknown')
        end,
        told.start_ns,
        told.duration_ns,
        told.trace
    from told
    join names
        on
            told.name = names.name
            and told.http_route is not distinct from names.http_route
            and told.http_method is not distinct from names.http_method
    left join origin_agents as agents on coalesce(told.user_agent, '') = agents.user_agent
    left join origin_traces as traces on told.trace = traces.trace
    join sources on told.service = sources.service
    left join places on told.service = places.service
    left join answered
        on
            told.instance <> ''
            and hash(coalesce(nullif(told.project, ''), places.project, ''), told.service, told.instance)
            = answered.writer
    left join senders on hash(told.trace) = senders.trace_key
    where
        told.duration_ns > 0
        and told.status <> 2
        and (told.http_status is null or told.http_status between 102 and 399)
        and not coalesce(told.cold_start, false)
        and coalesce(told.synthetic, '') <> 'bot'
        and not names.is_health
        and (
            told.kind = 5
            or (told.kind = 2 and 2 * sources.logged < sources.spans)
            or (told.kind not in (2, 5) and told.parent_span = '' and told.http_method is null)
        )
        and (answered.warm_ns is null or told.start_ns >= answered.warm_ns)
        and coalesce(agents.agent, '') not in ('scanners', 'health_checks')
        and coalesce(traces.declared, '') not in ('scanners', 'health_checks')
        and coalesce(senders.origin, '') not in ('scanners', 'health_checks')
        and hash(told.trace) not in (select trace_key from failed)
)
select
    project,
    service,
    source,
    operation,
    revision,
    origin,
    at_ns // $bin_ns as bin,
    case when $per_octave = 0 then duration_ns else floor(log2(duration_ns) * $per_octave)::bigint end as bucket,
    case when $per_octave = 0 then trace end as trace,
    count(*) as requests
from timed
where
    (
        len($operations::varchar[]) = 0
        or list_contains($operations::varchar[], project || chr(31) || service || chr(31) || source || chr(31) || operation)
    )
    and ($every = 1 or hash(at_ns) % $every = 0)
group by all
