-- name:    find_cluster_entries
-- about:   the entries of signatures that lie in a window, by time: all of each occurrence, each with its own time; of an
--          occurrence that began before the window those inside. Entries that came in after its end do not count
-- params:  $start_ns BIGINT, $end_ns BIGINT, $signature_ids VARCHAR[]
-- columns: signature_id VARCHAR, project VARCHAR, service VARCHAR, at_ns BIGINT, trace VARCHAR, insert_id VARCHAR

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
        at_ns,
        trace,
        insert_ids
    from occurrences
    where
        at_ns >= $start_ns - 60_000_000_000
        and at_ns < $end_ns
        and signature_id in (select unnest($signature_ids::varchar[]))
),
parts as (
    select
        signature_id,
        project,
        service,
        at_ns as first_ns,
        trace,
        unnest(insert_ids) as insert_id
    from held
    where len(insert_ids) > 1
),
listed as (
    select
        signature_id,
        project,
        service,
        at_ns,
        trace,
        insert_ids[1] as insert_id
    from held
    where len(insert_ids) = 1 and at_ns >= $start_ns
    union all
    select
        parts.signature_id,
        parts.project,
        parts.service,
        entries.at_ns,
        parts.trace,
        parts.insert_id
    from entries
    join parts
        on
            entries.insert_id = parts.insert_id
            and entries.project = parts.project
            and entries.service = parts.service
    where
        entries.at_ns >= $start_ns
        and entries.at_ns < $end_ns
        and entries.at_ns >= parts.first_ns
        and entries.at_ns < parts.first_ns + 60_000_000_000
)
select
    signature_id,
    project,
    service,
    at_ns,
    trace,
    insert_id
from listed
where (project, insert_id, at_ns) not in (select (project, insert_id, at_ns) from late)
order by at_ns, insert_id, signature_id
