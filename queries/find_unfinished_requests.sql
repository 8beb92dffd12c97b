-- name:    find_unfinished_requests
-- about:   requests of which spans tell that they began and never ended. `unfinished`: a server span without an end that
--          has lasted ten times as long as others of its route. `lost`: spans inside a service whose own server span never
--          came although the instance went on, and whose request line, if the service logs any, did not come in time
--          either. `others` counts the requests of the route, else of the service, that did end. Only what began before
--          $until_ns: the rest may still end
-- params:  $start_ns BIGINT, $end_ns BIGINT, $until_ns BIGINT, $least_ns BIGINT, $variable_parts VARCHAR
-- needs:   spans
-- columns: source VARCHAR, project VARCHAR, service VARCHAR, route VARCHAR, revision VARCHAR, at_ns BIGINT,
--          took_ns BIGINT, trace VARCHAR, insert_id VARCHAR, http_status SMALLINT, answered_ns BIGINT, others BIGINT

with entered as (
    select hash(service, trace) as key
    from spans
    where kind in (2, 5) and start_ns >= $start_ns and start_ns < $end_ns
),
orphans as materialized (
    select
        service,
        trace,
        min({'start_ns': start_ns, 'span': span, 'parent_span': parent_span, 'instance': instance}) as first
    from spans
    anti join entered on hash(spans.service, spans.trace) = entered.key
    where
        kind in (1, 3)
        and parent_span <> ''
        and service <> ''
        and start_ns >= $start_ns
        and start_ns < $until_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
    group by service, trace
),
open_spans as materialized (
    select
        service,
        trace,
        start_ns,
        name,
        http_method,
        http_route,
        revision
    from spans_by_revision
    where
        kind in (2, 5)
        and duration_ns is null
        and service <> ''
        and start_ns >= $start_ns
        and start_ns < $until_ns
),
ended as (
    select
        service,
        name,
        count(*) as others,
        max(duration_ns) as longest_ns
    from spans
    where
        kind in (2, 5)
        and duration_ns is not null
        and start_ns >= $start_ns
        and start_ns < $end_ns
        and service in (select service from open_spans union select service from orphans)
    group by service, name
),
whole as (
    select
        service,
        sum(others) as others
    from ended
    group by service
),
alive as (
    select
        service,
        instance,
        max(start_ns) as last_ns
    from spans
    where
        start_ns >= $start_ns
        and start_ns < $end_ns
        and (service, instance) in (select (service, first.instance) from orphans where first.instance <> '')
    group by service, instance
),
lines as (
    select
        service,
        trace,
        max(latency_ns) as took_ns
    from entries
    where
        log = 'requests'
        and trace in (select trace from orphans)
        and at_ns >= $start_ns
        and at_ns < $end_ns
    group by service, trace
),
revisions as (
    select
        trace,
        span,
        revision
    from spans_by_revision
    where trace in (select trace from orphans)
),
found as (
    select
        'unfinished' as source,
        open_spans.service,
        case
            when open_spans.http_route is null then regexp_replace(open_spans.name, $variable_parts, '/*', 'g')
            else concat(
                coalesce(open_spans.http_method, ''), ' ',
                regexp_replace(open_spans.http_route, $variable_parts, '/*', 'g')
            )
        end as route,
        open_spans.revision,
        open_spans.start_ns as at_ns,
        open_spans.trace,
        ended.others
    from open_spans
    join ended
        on open_spans.service = ended.service and open_spans.name = ended.name
    where $end_ns - open_spans.start_ns > 10 * ended.longest_ns
    union all
    select
        'lost' as source,
        orphans.service,
        '' as route,
        revisions.revision,
        orphans.first.start_ns as at_ns,
        orphans.trace,
        whole.others
    from orphans
    join whole
        on orphans.service = whole.service
    join alive
        on orphans.service = alive.service and orphans.first.instance = alive.instance
    join revisions
        on orphans.trace = revisions.trace and orphans.first.span = revisions.span
    left join lines
        on orphans.service = lines.service and orphans.trace = lines.trace
    where
        alive.last_ns > orphans.first.start_ns + 120_000_000_000
        and not coalesce(lines.took_ns < $least_ns, false)
        and not exists (
            select 1
            from spans
            where spans.trace = orphans.trace and spans.span = orphans.first.parent_span
        )
)
select
    source,
    '' as project,
    service,
    route,
    revision,
    at_ns,
    cast(0 as bigint) as took_ns,
    trace,
    cast(null as varchar) as insert_id,
    cast(null as smallint) as http_status,
    cast(null as bigint) as answered_ns,
    cast(others as bigint) as others
from found
order by source, service, route, at_ns, trace
