-- name:    count_claim_scope
-- about:   what was logged and asked in a time, by service and revision: what a claim's counts are of. Entries received
--          after $now_ns do not count
-- params:  $start_ns BIGINT, $end_ns BIGINT, $now_ns BIGINT
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, entries BIGINT, requests BIGINT, refused BIGINT,
--          failed BIGINT, first_ns BIGINT, last_ns BIGINT

select
    project,
    service,
    revision,
    count(*) as entries,
    count(http_status) as requests,
    count(*) filter (where http_status >= 400) as refused,
    count(*) filter (where http_status >= 500) as failed,
    min(at_ns) as first_ns,
    max(at_ns) as last_ns
from entries
where
    at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $now_ns)
group by project, service, revision
order by project, service, revision
