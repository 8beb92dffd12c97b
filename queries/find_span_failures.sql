-- name:    find_span_failures
-- about:   failing spans of which no entry of their service tells, per signature and trace, as find_failures gives
--          entries; revisions are those of spans_by_revision. A span is told by an error that its service logged in the same trace; where entries carry no trace, by
--          one that it logged while the span was open, in the same instance as far as both name it (`weak`). A request
--          that was answered 5xx without a word is told by any failing line of it. A call that failed is the caller's
--          failure, unless that of the service it called is stored in the same trace. Of several in one trace and
--          service the innermost is told. Calls that failed of a request that did well are warnings
-- params:  $start_ns BIGINT, $end_ns BIGINT, $rules INTEGER
-- columns: signature_id VARCHAR, project VARCHAR, service VARCHAR, revision VARCHAR, instance VARCHAR, log VARCHAR,
--          trace VARCHAR, borrowed VARCHAR, first_ns BIGINT, last_ns BIGINT, severity UTINYINT, http_status SMALLINT,
--          occurrences BIGINT, entries BIGINT

with written as materialized (
    select
        service,
        min(project) as project,
        max(project) as other
    from entries
    where
        service <> ''
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
    group by service
),
failing as materialized (
    select
        span_occurrences.*,
        signatures.kind = 'request' as is_request
    from span_occurrences
    join signatures
        on span_occurrences.signature_id = signatures.signature_id and signatures.rules = $rules
    where
        span_occurrences.at_ns >= $start_ns
        and span_occurrences.at_ns < $end_ns
        and (span_occurrences.received_at_ns is null or span_occurrences.received_at_ns < $end_ns)
),
near as materialized (
    select
        trace,
        span,
        parent_span,
        service,
        revision,
        kind,
        status = 2 or coalesce(http_status, 0) >= 500 as is_failed
    from spans_by_revision
    where trace in (select trace from failing)
),
held as materialized (
    select
        failing.signature_id,
        coalesce(
            case when written.project = written.other then written.project end,
            nullif(failing.project, ''),
            (select case when min(project) = max(other) then min(project) end from written),
            ''
        ) as project,
        coalesce(near.service, failing.service) as service,
        coalesce(near.revision, failing.revision) as revision,
        failing.instance,
        failing.trace,
        failing.span,
        failing.parent_span,
        failing.kind,
        failing.start_ns,
        failing.at_ns,
        failing.severity,
        failing.http_status,
        failing.peer_service,
        failing.is_request
    from failing
    left join near
        on failing.trace = near.trace and failing.span = near.span
    left join written
        on coalesce(near.service, failing.service) = written.service
),
logged as materialized (
    select
        service,
        trace,
        instance,
        at_ns,
        log = 'requests' as is_request
    from occurrences
    where
        at_ns >= $start_ns - 60_000_000_000
        and at_ns < $end_ns
        and (severity >= 17 or severity = 0 or http_status >= 500)
        and signature_id in (select signature_id from signatures where rules = $rules)
        and service in (select service from held union select peer_service from held)
),
told as (
    select
        service,
        trace,
        bool_or(not is_request) as has_line
    from logged
    where trace is not null
    group by service, trace
),
lonely as (
    select distinct
        service,
        unnest(case when instance = '' then ['*'] else [instance, '*'] end) as place,
        at_ns
    from logged
    where trace is null and not is_request
),
open_spans as (
    select
        trace,
        span,
        service,
        start_ns,
        at_ns,
        case
            when (service, instance) in (select (service, place) from lonely) then instance
            else '*'
        end as place
    from held
),
weakly as (
    select
        open_spans.trace,
        open_spans.span,
        true as is_told
    from open_spans
    asof join lonely
        on
            open_spans.service = lonely.service
            and open_spans.place = lonely.place
            and open_spans.start_ns - 5_000_000 <= lonely.at_ns
    where lonely.at_ns <= open_spans.at_ns + 1_000_000_000
),
entered as (
    select
        service,
        trace,
        bool_or(is_failed) as is_failed
    from near
    where kind in (2, 5)
    group by service, trace
),
called as (
    select
        held.trace,
        held.span,
        bool_or(near.is_failed or told.trace is not null) as is_told
    from held
    join near
        on held.trace = near.trace and held.span = near.parent_span and held.service <> near.service
    left join told
        on near.trace = told.trace and near.service = told.service
    where held.kind in (3, 4)
    group by held.trace, held.span
),
left_over as materialized (
    select
        held.signature_id,
        min(held.project) as project,
        held.service,
        max(held.revision) as revision,
        max(held.instance) as instance,
        held.trace,
        min(held.start_ns) as start_ns,
        min(held.at_ns) as first_ns,
        max(held.at_ns) as last_ns,
        max(
            case
                when held.kind in (3, 4) and not coalesce(entered.is_failed, true) then least(held.severity, 13)
                else held.severity
            end
        ) as severity,
        max(held.http_status) as http_status,
        count(*) as occurrences,
        bool_and(held.is_request) as is_request
    from held
    left join told
        on held.trace = told.trace and held.service = told.service
    left join told as told_by_peer
        on held.trace = told_by_peer.trace and held.peer_service = told_by_peer.service and held.kind in (3, 4)
    left join weakly
        on held.trace = weakly.trace and held.span = weakly.span
    left join called
        on held.trace = called.trace and held.span = called.span
    left join entered
        on held.trace = entered.trace and held.service = entered.service
    where
        not coalesce(told.has_line, false)
        and not (told.trace is not null and held.is_request)
        and told_by_peer.trace is null
        and not coalesce(weakly.is_told, false)
        and not coalesce(called.is_told, false)
    group by held.signature_id, held.service, held.trace
)
select
    signature_id,
    project,
    service,
    revision,
    instance,
    'spans' as log,
    trace,
    cast(null as varchar) as borrowed,
    first_ns,
    last_ns,
    cast(severity as utinyint) as severity,
    case when is_request then http_status end as http_status,
    occurrences,
    cast(0 as bigint) as entries
from left_over
where
    not exists (
        select 1
        from left_over as inner_one
        where
            inner_one.trace = left_over.trace
            and inner_one.service = left_over.service
            and inner_one.signature_id <> left_over.signature_id
            and inner_one.severity >= 17
            and inner_one.start_ns >= left_over.start_ns
            and inner_one.first_ns <= left_over.first_ns
            and (inner_one.start_ns, -inner_one.first_ns, inner_one.signature_id)
            > (left_over.start_ns, -left_over.first_ns, left_over.signature_id)
    )
order by signature_id, project, service, revision, instance, log, trace, first_ns
