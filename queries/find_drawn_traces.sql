-- name:    find_drawn_traces
-- about:   traces that took part in some revisions of a service, with the operation by which each entered it, how long
--          that took and whether it failed; from its spans, and of traces without such spans from its request lines.
--          Those named in $traces come whatever their revision; of the others at most $most of a revision and operation,
--          by the hash of their id
-- params:  $start_ns BIGINT, $end_ns BIGINT, $service VARCHAR, $revisions VARCHAR[], $traces VARCHAR[], $most BIGINT,
--          $variable_parts VARCHAR, $variable_words VARCHAR
-- columns: trace VARCHAR, revision VARCHAR, operation VARCHAR, is_span BOOLEAN, at_ns BIGINT, took_ns BIGINT,
--          is_bad BOOLEAN, is_named BOOLEAN

with named as (
    select unnest($traces::varchar[]) as trace
),
wanted as (
    select unnest($revisions::varchar[]) as revision
),
from_spans as (
    select
        trace,
        min({
            'start_ns': start_ns,
            'span': span,
            'revision': revision,
            'operation': regexp_replace(
                case
                    when http_route is null then regexp_replace(name, $variable_parts, '/*', 'g')
                    else trim(coalesce(http_method, '') || ' ' || regexp_replace(http_route, $variable_parts, '/*', 'g'))
                end,
                $variable_words,
                '*',
                'g'
            ),
            'took_ns': duration_ns,
            'is_bad': status = 2 or coalesce(http_status, 0) >= 500
        }) as first
    from spans_by_revision
    where
        service = $service
        and start_ns >= $start_ns
        and start_ns < $end_ns
    group by trace
),
from_lines as (
    select
        trace,
        min({
            'start_ns': at_ns,
            'span': insert_id,
            'revision': revision,
            'operation': trim(
                coalesce(http_method, '') || ' ' || regexp_replace(coalesce(http_path, ''), $variable_parts, '/*', 'g')
            ),
            'took_ns': latency_ns,
            'is_bad': coalesce(http_status, 0) >= 500
        }) as first
    from entries
    where
        service = $service
        and log = 'requests'
        and trace is not null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and trace not in (select trace from from_spans)
    group by trace
),
told as (
    select
        *,
        true as is_span
    from from_spans
    union all
    select
        *,
        false as is_span
    from from_lines
),
ranked as (
    select
        trace,
        first,
        is_span,
        trace in (select trace from named) as is_named,
        row_number() over (
            partition by first.revision, first.operation, is_span, trace in (select trace from named)
            order by hash(trace), trace
        ) as place
    from told
    where first.revision in (select revision from wanted) or trace in (select trace from named)
)
select
    trace,
    first.revision as revision,
    first.operation as operation,
    is_span,
    first.start_ns as at_ns,
    first.took_ns as took_ns,
    first.is_bad as is_bad,
    is_named
from ranked
where place <= $most
order by all
