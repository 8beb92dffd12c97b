-- name:    find_first_entries
-- about:   all entries of the earliest occurrence of each of some signatures; `event` numbers these, in no other order.
--          None of a signature without an occurrence
-- params:  $signature_ids VARCHAR[]
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, instance VARCHAR, log VARCHAR, insert_id VARCHAR,
--          at_ns BIGINT, severity UTINYINT, message VARCHAR, logger VARCHAR, payload VARCHAR, http_method VARCHAR,
--          http_path VARCHAR, http_status SMALLINT, trace VARCHAR, batch_id BIGINT, is_hit BOOLEAN, run UBIGINT,
--          event BIGINT

with firsts as (
    select
        signature_id,
        min({'at_ns': at_ns, 'project': project, 'insert_id': insert_ids[1]}) as first
    from occurrences
    where signature_id in (select unnest($signature_ids::varchar[]))
    group by signature_id
),
parts as (
    select
        occurrences.project,
        occurrences.at_ns,
        unnest(occurrences.insert_ids) as insert_id,
        dense_rank() over (order by firsts.signature_id) as event
    from firsts
    inner join occurrences
        on
            occurrences.signature_id = firsts.signature_id
            and occurrences.at_ns = firsts.first.at_ns
            and occurrences.project = firsts.first.project
            and occurrences.insert_ids[1] = firsts.first.insert_id
)
select
    entries.project,
    entries.service,
    entries.revision,
    entries.instance,
    entries.log,
    entries.insert_id,
    entries.at_ns,
    entries.severity,
    entries.message,
    entries.logger,
    entries.payload,
    entries.http_method,
    entries.http_path,
    entries.http_status,
    entries.trace,
    entries.batch_id,
    true as is_hit,
    null::ubigint as run,
    parts.event
from parts
inner join entries
    on
        entries.project = parts.project
        and entries.insert_id = parts.insert_id
        and entries.at_ns between parts.at_ns and parts.at_ns + 3_000_000_000
order by parts.event, entries.at_ns, entries.insert_id
