-- name:    find_failures
-- about:   occurrences per signature and place, those of one trace together, those without a trace by the tenth of a
--          second; `borrowed` is, for those, the trace of the request of their instance that was under way and ended
--          first after them. Entries that came in after the end of the analysis do not count
-- params:  $start_ns BIGINT, $end_ns BIGINT, $rules INTEGER
-- columns: signature_id VARCHAR, project VARCHAR, service VARCHAR, revision VARCHAR, instance VARCHAR, log VARCHAR,
--          trace VARCHAR, borrowed VARCHAR, first_ns BIGINT, last_ns BIGINT, severity UTINYINT, http_status SMALLINT,
--          occurrences BIGINT, entries BIGINT

with late as (
    select project, insert_id, at_ns
    from entries
    where at_ns >= $start_ns and at_ns < $end_ns and received_at_ns >= $end_ns
),
held as (
    select
        signature_id,
        project,
        service,
        revision,
        instance,
        log,
        trace,
        at_ns,
        severity,
        http_status,
        len(insert_ids) as entries
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
        project,
        service,
        instance,
        at_ns
    from held
    where trace is null and instance <> '' and log <> 'requests'
),
asked as (
    select
        project,
        service,
        instance,
        at_ns + latency_ns as done_ns,
        min(at_ns) as start_ns,
        min(trace) as trace
    from entries
    where
        log = 'requests'
        and trace is not null
        and latency_ns is not null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and instance in (select instance from lonely)
    group by project, service, instance, at_ns + latency_ns
),
lent as (
    select
        lonely.project,
        lonely.service,
        lonely.instance,
        lonely.at_ns,
        asked.trace
    from lonely
    asof join asked
        on
            lonely.project = asked.project
            and lonely.service = asked.service
            and lonely.instance = asked.instance
            and lonely.at_ns - 5_000_000 <= asked.done_ns
    where asked.start_ns <= lonely.at_ns and asked.done_ns - lonely.at_ns <= 1_000_000_000
)
select
    held.signature_id,
    held.project,
    held.service,
    held.revision,
    held.instance,
    held.log,
    held.trace,
    lent.trace as borrowed,
    min(held.at_ns) as first_ns,
    max(held.at_ns) as last_ns,
    max(held.severity) as severity,
    max(held.http_status) as http_status,
    count(*) as occurrences,
    cast(sum(held.entries) as bigint) as entries
from held
left join lent
    on
        held.trace is null
        and held.log <> 'requests'
        and held.project = lent.project
        and held.service = lent.service
        and held.instance = lent.instance
        and held.at_ns = lent.at_ns
group by
    held.signature_id, held.project, held.service, held.revision, held.instance, held.log, held.trace, lent.trace,
    case when held.trace is null then held.at_ns // 100_000_000 end
order by all
