-- name:    find_trace_steps
-- about:   everything that happened in some traces, in order: spans with the span above each, and lines, which belong to
--          the span that they name, else to none. A span or line that comes several times in a trace below one operation
--          is told once, with when it first began
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[], $variable_parts VARCHAR, $variable_words VARCHAR
-- columns: trace VARCHAR, service VARCHAR, operation VARCHAR, is_line BOOLEAN, above_service VARCHAR,
--          above_operation VARCHAR, begin_ns BIGINT, took_ns BIGINT, is_bad BOOLEAN, times BIGINT

with wanted as (
    select unnest($traces::varchar[]) as trace
),
seen as materialized (
    select
        trace,
        span,
        parent_span,
        service,
        start_ns,
        duration_ns,
        status = 2 as is_bad,
        regexp_replace(
            case
                when http_route is not null
                    then
                        trim(
                            coalesce(http_method, '') || ' ' || regexp_replace(http_route, $variable_parts, '/*', 'g')
                        )
                when kind = 3 and http_method is not null
                    then
                        http_method || ' ' || coalesce(peer_service, '')
                        || regexp_replace(coalesce(http_path, ''), $variable_parts, '/*', 'g')
                else regexp_replace(name, $variable_parts, '/*', 'g')
            end,
            $variable_words,
            '*',
            'g'
        ) as operation
    from spans_by_revision
    where
        start_ns >= $start_ns
        and start_ns < $end_ns
        and trace in (select trace from wanted)
),
lines as (
    select
        trace,
        coalesce(span, '') as span,
        service,
        at_ns,
        severity >= 17 as is_bad,
        split_part(left(message, 300), chr(10), 1) as operation
    from entries
    where
        log <> 'requests'
        and message is not null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and trace in (select trace from wanted)
),
steps as (
    select
        seen.trace,
        seen.service,
        seen.operation,
        false as is_line,
        coalesce(above.service, '') as above_service,
        coalesce(above.operation, '') as above_operation,
        seen.start_ns as begin_ns,
        seen.duration_ns as took_ns,
        seen.is_bad
    from seen
    left join seen as above
        on seen.trace = above.trace and seen.parent_span = above.span and seen.span <> above.span
    union all
    select
        lines.trace,
        lines.service,
        lines.operation,
        true as is_line,
        coalesce(above.service, '') as above_service,
        coalesce(above.operation, '') as above_operation,
        lines.at_ns as begin_ns,
        cast(null as bigint) as took_ns,
        lines.is_bad
    from lines
    left join seen as above
        on lines.trace = above.trace and lines.span = above.span
)
select
    trace,
    service,
    operation,
    is_line,
    above_service,
    above_operation,
    min(begin_ns) as begin_ns,
    arg_min(took_ns, begin_ns) as took_ns,
    bool_or(is_bad) as is_bad,
    count(*) as times
from steps
group by trace, service, operation, is_line, above_service, above_operation
order by trace, begin_ns, service, operation, is_line, above_service, above_operation
