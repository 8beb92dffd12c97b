-- name:    find_failures
-- about:   occurrences per signature and place, those of one trace together, those without a trace by the second;
--          entries that came in after the end of the analysis do not count
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns: signature_id VARCHAR, project VARCHAR, service VARCHAR, revision VARCHAR, instance VARCHAR, log VARCHAR,
--          trace VARCHAR, first_ns BIGINT, last_ns BIGINT, severity UTINYINT, http_status SMALLINT,
--          occurrences BIGINT, entries BIGINT

with late as (
    select project, insert_id, at_ns
    from entries
    where at_ns >= $start_ns and at_ns < $end_ns and received_at_ns >= $end_ns
)
select
    signature_id,
    project,
    service,
    revision,
    instance,
    log,
    trace,
    min(at_ns) as first_ns,
    max(at_ns) as last_ns,
    max(severity) as severity,
    max(http_status) as http_status,
    count(*) as occurrences,
    cast(sum(len(insert_ids)) as bigint) as entries
from occurrences
where
    at_ns >= $start_ns
    and at_ns < $end_ns
    and not exists (
        select 1
        from late
        where
            late.at_ns = occurrences.at_ns
            and late.project = occurrences.project
            and late.insert_id = occurrences.insert_ids[1]
    )
group by
    signature_id, project, service, revision, instance, log, trace,
    case when trace is null then at_ns // 1_000_000_000 end
order by all
