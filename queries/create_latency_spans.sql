-- name:    create_latency_spans
-- about:   for the reader that asks alone: spans that tell how long requests took which were answered well, as far as they
--          tell that themselves: server spans of services that log fewer than half as many requests; consumer spans and
--          roots that are neither, in any case. Left out: health checks, scanners, errors and answers from 400 on, upgrades,
--          cold starts. Needs create_latency_sources
-- params:  $start_ns BIGINT, $end_ns BIGINT, $health_paths VARCHAR, $variable_parts VARCHAR
-- columns:

create or replace temp table latency_spans as
with told as (
    select
        project,
        service,
        trace,
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
places as (
    select
        service,
        min(project) as project
    from entries
    where service in (select service from latency_sources)
    group by service
),
senders as (
    select
        key,
        nullif(arg_min(cast(origin as varchar), at_ns), 'unknown') as origin
    from request_rows
    where is_traced and key in (select hash(trace) from told)
    group by key
),
timed as (
    select
        coalesce(nullif(told.project, ''), places.project, '') as project,
        told.service,
        names.operation,
        told.revision,
        case
            when agents.agent = 'tests' then 'tests'
            when coalesce(agents.agent, 'unknown') <> 'unknown' and traces.declared is null then agents.agent
            else coalesce(traces.declared, senders.origin, traces.entered, 'unknown')
        end as origin,
        told.instance,
        hash(told.trace) as key,
        told.start_ns as at_ns,
        told.duration_ns
    from told
    join names
        on
            told.name = names.name
            and told.http_route is not distinct from names.http_route
            and told.http_method is not distinct from names.http_method
    left join origin_agents as agents on coalesce(told.user_agent, '') = agents.user_agent
    left join origin_traces as traces on told.trace = traces.trace
    join latency_sources as sources on told.service = sources.service
    left join places on told.service = places.service
    left join senders on hash(told.trace) = senders.key
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
        and coalesce(agents.agent, '') not in ('scanners', 'health_checks')
        and coalesce(traces.declared, '') not in ('scanners', 'health_checks')
        and coalesce(senders.origin, '') not in ('scanners', 'health_checks')
)
select
    project,
    service,
    operation,
    revision,
    hash(project, service, revision, operation) as pair,
    cast(origin as sender) as origin,
    case when instance <> '' then hash(project, service, instance) end as writer,
    key,
    at_ns,
    duration_ns
from timed
