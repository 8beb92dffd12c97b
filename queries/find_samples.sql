-- name:    find_samples
-- about:   one entry of each signature of a service in a window: the message of its first occurrence
-- params:  $start_ns BIGINT, $end_ns BIGINT, $signature_ids VARCHAR[]
-- columns: signature_id VARCHAR, project VARCHAR, service VARCHAR, insert_id VARCHAR, message VARCHAR,
--          payload VARCHAR, http_method VARCHAR, http_path VARCHAR, http_status SMALLINT

with firsts as (
    select
        signature_id,
        project,
        service,
        min({'at_ns': at_ns, 'insert_id': insert_ids[1]}) as first
    from occurrences
    where
        at_ns >= $start_ns
        and at_ns < $end_ns
        and signature_id in (select unnest($signature_ids::varchar[]))
    group by signature_id, project, service
)
select
    firsts.signature_id,
    firsts.project,
    firsts.service,
    entries.insert_id,
    entries.message,
    entries.payload,
    entries.http_method,
    entries.http_path,
    entries.http_status
from firsts
join entries
    on
        entries.at_ns = firsts.first.at_ns
        and entries.insert_id = firsts.first.insert_id
        and entries.project = firsts.project
order by firsts.signature_id, firsts.project, firsts.service
