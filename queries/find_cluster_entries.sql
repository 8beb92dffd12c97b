-- name:    find_cluster_entries
-- about:   the entries of signatures in a window, by time: all insertIds of each occurrence
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
        unnest(insert_ids) as insert_id
    from occurrences
    where
        at_ns >= $start_ns
        and at_ns < $end_ns
        and signature_id in (select unnest($signature_ids::varchar[]))
)
select
    signature_id,
    project,
    service,
    at_ns,
    trace,
    insert_id
from held
where (project, insert_id) not in (select (project, insert_id) from late)
order by at_ns, insert_id, signature_id
