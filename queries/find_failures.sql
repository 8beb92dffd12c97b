-- name:    find_failures
-- about:   occurrences per signature and place, those of one trace together, those without a trace by the tenth of a
--          second; `borrowed` is, for those, the trace of the request of their instance that was under way and ended
--          first after them, `request:` and the id of its line where that has no trace; of a request line without a
--          trace its own. Entries that came in after the end of the analysis do not count. Places are compared by their
--          hash, because the ids of instances are long
-- params:  $start_ns BIGINT, $end_ns BIGINT, $rules INTEGER
-- columns: signature_id VARCHAR, project VARCHAR, service VARCHAR, revision VARCHAR, instance VARCHAR, log VARCHAR,
--          trace VARCHAR, borrowed VARCHAR, first_ns BIGINT, last_ns BIGINT, severity UTINYINT, http_status SMALLINT,
--          occurrences BIGINT, entries BIGINT

with late as (
    select project, insert_id, at_ns
    from entries
    where at_ns >= $start_ns and at_ns < $end_ns and received_at_ns >= $end_ns
),
held as materialized (
    select
        signature_id,
        project,
        service,
        revision,
        instance,
        hash(project, service, instance) as place,
        log,
        trace,
        at_ns,
        severity,
        http_status,
        len(insert_ids) as entries,
        case when trace is null and log = 'requests' then 'request:' || insert_ids[1] end as request,
        case when trace is null and log <> 'requests' and instance <> '' then at_ns end as lonely_ns
    from occurrences
    where
        at_ns >= $start_ns
        and at_ns < $end_ns
        and signature_id in (select signature_id from signatures where rules = $rules)
        and not exists (
            select 1
            from late
            where
                late.at_ns = occurrences.at_ns
                and late.project = occurrences.project
                and late.insert_id = occurrences.insert_ids[1]
        )
),
lonely as (
    select distinct
        place,
        lonely_ns as at_ns
    from held
    where lonely_ns is not null
),
asked as (
    select
        hash(project, service, instance) as place,
        at_ns + latency_ns as done_ns,
        min(at_ns) as start_ns,
        min(coalesce(trace, 'request:' || insert_id)) as trace
    from entries
    where
        log = 'requests'
        and latency_ns is not null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and hash(project, service, instance) in (select place from lonely)
    group by hash(project, service, instance), at_ns + latency_ns
),
lent as (
    select
        lonely.place,
        lonely.at_ns,
        asked.trace
    from lonely
    asof join asked
        on lonely.place = asked.place and lonely.at_ns - 5_000_000 <= asked.done_ns
    where asked.start_ns <= lonely.at_ns and asked.done_ns - lonely.at_ns <= 1_000_000_000
)
select
    held.signature_id,
    min(held.project) as project,
    min(held.service) as service,
    held.revision,
    min(held.instance) as instance,
    held.log,
    held.trace,
    coalesce(held.request, lent.trace) as borrowed,
    min(held.at_ns) as first_ns,
    max(held.at_ns) as last_ns,
    max(held.severity) as severity,
    max(held.http_status) as http_status,
    count(*) as occurrences,
    cast(sum(held.entries) as bigint) as entries
from held
left join lent
    on held.place = lent.place and held.lonely_ns = lent.at_ns
group by
    held.signature_id, held.place, held.revision, held.log, held.trace,
    coalesce(held.request, lent.trace),
    case when held.trace is null then held.at_ns // 100_000_000 end
order by
    signature_id, project, service, revision, instance, log, trace, borrowed, first_ns
