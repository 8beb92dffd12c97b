-- name:    find_sequence_steps
-- about:   what happened in some traces, who called whom: a row for each span but those by which a called service answers
--          a call that its caller tells, which are one with it; each line; and requests
--          of services that have no span there, below the request that was open around them. `callee_kind`: how the one
--          called is known. At most $most rows of a trace, the first
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[], $most BIGINT, $variable_parts VARCHAR,
--          $variable_words VARCHAR
-- columns: trace VARCHAR, caller VARCHAR, callee VARCHAR, callee_kind VARCHAR, peer VARCHAR, operation VARCHAR, answered VARCHAR,
--          is_line BOOLEAN, begin_ns BIGINT, took_ns BIGINT, is_bad BOOLEAN, text VARCHAR

with wanted as (
    select unnest($traces::varchar[]) as trace
),
seen as materialized (
    select
        trace,
        span,
        parent_span,
        service,
        kind,
        start_ns,
        duration_ns,
        peer_service,
        db_system,
        status = 2 or coalesce(http_status, 0) >= 400 as is_bad,
        left(concat_ws(' ', case when http_status >= 400 then http_status end, coalesce(
            case when error_type ~ '[A-Za-z]' then error_type end,
            nullif(split_part(status_message, chr(10), 1), '')
        )), 200) as text,
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
answers as (
    select
        below.trace,
        below.parent_span as span,
        arg_min(below.span, below.start_ns) as answering,
        arg_min(below.service, below.start_ns) as service,
        arg_min(below.operation, below.start_ns) as operation,
        bool_or(below.is_bad) as is_bad,
        arg_min(below.text, below.start_ns) as text
    from seen as below
    join seen as above
        on below.trace = above.trace and below.parent_span = above.span
    where above.kind in (3, 4) and below.kind in (2, 5) and below.service <> above.service
    group by below.trace, below.parent_span
),
calls as (
    select
        seen.trace,
        coalesce(case when above.service <> seen.service then above.service end,
            case when above.span is null then '' else seen.service end) as caller,
        case
            when seen.kind in (3, 4)
                then coalesce(answers.service, seen.peer_service, seen.db_system, seen.service)
            else seen.service
        end as callee,
        case
            when seen.kind not in (3, 4) or answers.service is not null then 'service'
            when seen.peer_service is not null then 'peer'
            when seen.db_system is not null then 'database'
            else 'service'
        end as callee_kind,
        coalesce(seen.peer_service, '') as peer,
        seen.operation,
        coalesce(answers.operation, '') as answered,
        seen.start_ns as begin_ns,
        seen.duration_ns as took_ns,
        seen.is_bad or coalesce(answers.is_bad, false) as is_bad,
        coalesce(nullif(answers.text, ''), nullif(seen.text, ''), '') as text
    from seen
    left join seen as above
        on seen.trace = above.trace and seen.parent_span = above.span and seen.span <> above.span
    left join answers
        on seen.trace = answers.trace and seen.span = answers.span
    where (seen.trace, seen.span) not in (select (trace, answering) from answers)
),
written as (
    select
        trace,
        service,
        log = 'requests' as is_request,
        at_ns,
        case when log = 'requests' then latency_ns end as took_ns,
        severity >= 17 or coalesce(http_status, 0) >= 400 as is_bad,
        case when http_status >= 400 then http_status::varchar else '' end as text,
        case
            when log = 'requests'
                then
                    trim(
                        coalesce(http_method, '') || ' '
                        || regexp_replace(coalesce(http_path, ''), $variable_parts, '/*', 'g')
                    )
            else split_part(left(message, 300), chr(10), 1)
        end as operation
    from entries
    where
        at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and (log = 'requests' or message is not null)
        and trace in (select trace from wanted)
),
lines as (
    select
        written.trace,
        written.service as caller,
        written.service as callee,
        'service' as callee_kind,
        '' as peer,
        written.operation,
        '' as answered,
        written.at_ns as begin_ns,
        cast(null as bigint) as took_ns,
        written.is_bad,
        '' as text
    from written
    where not written.is_request
),
asked as (
    select *
    from written
    where is_request and (trace, service) not in (select (trace, service) from seen)
),
requests as (
    select
        own.trace,
        own.service,
        own.operation,
        own.at_ns,
        own.took_ns,
        own.is_bad,
        own.text,
        max({'at_ns': outer_one.at_ns, 'service': outer_one.service}) as above
    from asked as own
    left join asked as outer_one
        on
            own.trace = outer_one.trace
            and own.service <> outer_one.service
            and outer_one.at_ns <= own.at_ns
            and outer_one.at_ns + outer_one.took_ns >= own.at_ns + own.took_ns
    group by own.trace, own.service, own.operation, own.at_ns, own.took_ns, own.is_bad, own.text
),
steps as (
    select
        *,
        false as is_line
    from calls
    union all by name
    select
        *,
        true as is_line
    from lines
    union all by name
    select
        trace,
        coalesce(above.service, '') as caller,
        service as callee,
        'service' as callee_kind,
        '' as peer,
        operation,
        '' as answered,
        at_ns as begin_ns,
        took_ns,
        is_bad,
        text,
        false as is_line
    from requests
)
select
    trace,
    caller,
    callee,
    callee_kind,
    peer,
    operation,
    answered,
    is_line,
    begin_ns,
    took_ns,
    is_bad,
    text
from steps
qualify
    row_number() over (
        partition by trace
        order by begin_ns, is_line, took_ns desc nulls last, callee, operation, caller
    ) <= $most
order by
    trace, begin_ns, is_line, took_ns desc nulls last, callee, operation, caller
