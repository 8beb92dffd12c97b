-- name:    find_flow_steps
-- about:   what the operations of some revisions called, a row for each trace, operation and step: the spans below it and
--          those that link to it. One row without a step for each operation that was reached and has ended; one without
--          an operation for each trace whose spans are not all there (`missing`). Of the traces of a revision that enter
--          it by one operation at most $most are taken, by the hash of their id; `traces` is how many there are
-- params:  $start_ns BIGINT, $end_ns BIGINT, $services VARCHAR[], $revisions VARCHAR[], $most BIGINT,
--          $variable_parts VARCHAR, $variable_words VARCHAR
-- needs:   spans
-- columns: service VARCHAR, revision VARCHAR, trace VARCHAR, parent VARCHAR, step VARCHAR, at_ns BIGINT, begin_ns BIGINT,
--          end_ns BIGINT, took_ns BIGINT, is_bad BOOLEAN, is_entry BOOLEAN, traces BIGINT

with wanted as (
    select
        unnest($services::varchar[]) as service,
        unnest($revisions::varchar[]) as revision
),
entered as (
    select
        service,
        revision,
        trace,
        min({
            'start_ns': start_ns,
            'span': span,
            'name': name,
            'http_method': http_method,
            'http_route': http_route
        }) as first
    from spans_by_revision
    where
        start_ns >= $start_ns
        and start_ns < $end_ns
        and (service, revision) in (select (service, revision) from wanted)
    group by service, revision, trace
),
ranked as (
    select
        service,
        revision,
        trace,
        first,
        row_number() over (
            partition by
                service,
                revision,
                regexp_replace(
                    case
                        when first.http_route is null then first.name
                        else coalesce(first.http_method, '') || ' ' || first.http_route
                    end,
                    $variable_parts,
                    '/*',
                    'g'
                )
            order by hash(trace), trace
        ) as place,
        count(*) over (partition by service, revision) as traces
    from entered
),
picked as materialized (
    select
        service,
        revision,
        trace,
        first.span as entry,
        first.start_ns as at_ns,
        traces
    from ranked
    where place <= $most
),
seen as materialized (
    select
        trace,
        span,
        parent_span,
        service,
        revision,
        kind,
        start_ns,
        start_ns + duration_ns as end_ns,
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
        and trace in (select trace from picked)
),
torn as (
    select distinct
        seen.service,
        seen.revision,
        seen.trace
    from seen
    left join seen as above
        on seen.trace = above.trace and seen.parent_span = above.span
    where
        seen.kind not in (2, 5)
        and seen.parent_span <> ''
        and above.span is null
),
parents as (
    select
        picked.service,
        picked.revision,
        picked.trace,
        picked.traces,
        picked.entry = seen.span as is_entry,
        seen.span,
        seen.operation,
        seen.start_ns,
        seen.end_ns,
        seen.is_bad
    from seen
    join picked using (service, revision, trace)
    where
        seen.end_ns is not null
        and (seen.service, seen.revision, seen.trace) not in (select (service, revision, trace) from torn)
),
linked as (
    select
        unnest(string_split(links, ' ')) as link,
        service,
        operation,
        start_ns,
        end_ns,
        is_bad
    from (
        select
            links,
            service,
            regexp_replace(name, $variable_words, '*', 'g') as operation,
            start_ns,
            start_ns + duration_ns as end_ns,
            status = 2 as is_bad
        from spans_by_revision
        where
            links is not null
            and start_ns >= $start_ns
            and start_ns < $end_ns
    )
),
children as (
    select
        trace,
        parent_span,
        service,
        operation,
        start_ns,
        end_ns,
        is_bad
    from seen
    where parent_span <> span
    union all
    select
        split_part(link, ':', 1) as trace,
        split_part(link, ':', 2) as parent_span,
        service,
        operation,
        start_ns,
        end_ns,
        is_bad
    from linked
    where split_part(link, ':', 1) in (select trace from picked)
)
select
    parents.service,
    parents.revision,
    parents.trace,
    parents.operation as parent,
    case
        when children.service = parents.service then children.operation
        else children.service || ': ' || children.operation
    end as step,
    min(parents.start_ns) as at_ns,
    min(children.start_ns) as begin_ns,
    min(children.end_ns) as end_ns,
    min(children.end_ns - children.start_ns) as took_ns,
    bool_or(children.is_bad) as is_bad,
    bool_or(parents.is_entry) as is_entry,
    any_value(parents.traces) as traces
from parents
join children
    on parents.trace = children.trace and parents.span = children.parent_span
group by
    parents.service, parents.revision, parents.trace, parents.operation,
    case
        when children.service = parents.service then children.operation
        else children.service || ': ' || children.operation
    end
union all
select
    service,
    revision,
    trace,
    operation as parent,
    cast(null as varchar) as step,
    min(start_ns) as at_ns,
    min(start_ns) as begin_ns,
    min(end_ns) as end_ns,
    min(end_ns - start_ns) as took_ns,
    bool_or(is_bad) as is_bad,
    bool_or(is_entry) as is_entry,
    any_value(traces) as traces
from parents
group by service, revision, trace, operation
union all
select
    picked.service,
    picked.revision,
    picked.trace,
    cast(null as varchar) as parent,
    cast(null as varchar) as step,
    picked.at_ns,
    cast(null as bigint) as begin_ns,
    cast(null as bigint) as end_ns,
    cast(null as bigint) as took_ns,
    false as is_bad,
    false as is_entry,
    picked.traces
from picked
semi join torn using (service, revision, trace)
order by all
