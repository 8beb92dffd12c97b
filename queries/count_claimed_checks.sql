-- name:    count_claimed_checks
-- about:   requests of a time to paths that match, by service and revision: entries counts all, requests those that were
--          answered with success. Entries received after $now_ns do not count
-- params:  $start_ns BIGINT, $end_ns BIGINT, $now_ns BIGINT, $paths VARCHAR
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, entries BIGINT, requests BIGINT, first_ns BIGINT,
--          last_ns BIGINT, insert_ids VARCHAR[]

select
    project,
    service,
    revision,
    count(*) as entries,
    count(*) filter (where http_status between 200 and 299) as requests,
    min(at_ns) as first_ns,
    max(at_ns) as last_ns,
    arg_min(insert_id, at_ns, 5) as insert_ids
from entries
where
    at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $now_ns)
    and http_status is not null
    and regexp_matches(http_path, $paths)
group by project, service, revision
order by project, service, revision
