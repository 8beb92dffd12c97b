-- name:    count_seen_revisions
-- about:   what rows tell of each revision: first and last entry, requests taken, the first and the last of them
-- params:  $end_ns BIGINT
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, first_ns BIGINT, last_ns BIGINT, requests BIGINT,
--          first_request_ns BIGINT, last_request_ns BIGINT, location VARCHAR

select
    project,
    service,
    revision,
    min(at_ns) as first_ns,
    max(at_ns) as last_ns,
    count(*) filter (where log = 'requests') as requests,
    min(at_ns) filter (where log = 'requests') as first_request_ns,
    max(at_ns) filter (where log = 'requests') as last_request_ns,
    max(location) as location
from entries
where revision <> '' and at_ns < $end_ns and (received_at_ns is null or received_at_ns < $end_ns)
group by project, service, revision
order by project, service, revision
