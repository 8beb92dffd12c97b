-- name:    count_seen_revisions
-- about:   what rows tell of each revision: first and last entry, requests taken, the first and the last of them, where
--          it is; `other_location` is another one where one name stands for a revision in each of two
-- params:  $end_ns BIGINT
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, first_ns BIGINT, last_ns BIGINT, requests BIGINT,
--          first_request_ns BIGINT, last_request_ns BIGINT, location VARCHAR, other_location VARCHAR

with placed as (
    -- requests, other lines and each location by themselves: conditions and the highest of all rows take twice as long
    select
        project,
        service,
        revision,
        location,
        log = 'requests' as is_request,
        min(at_ns) as first_ns,
        max(at_ns) as last_ns,
        count(*) as entries
    from entries
    where revision <> '' and at_ns < $end_ns and (received_at_ns is null or received_at_ns < $end_ns)
    group by project, service, revision, location, log = 'requests'
)
select
    project,
    service,
    revision,
    min(first_ns) as first_ns,
    max(last_ns) as last_ns,
    cast(coalesce(sum(entries) filter (where is_request), 0) as bigint) as requests,
    min(first_ns) filter (where is_request) as first_request_ns,
    max(last_ns) filter (where is_request) as last_request_ns,
    max(location) as location,
    coalesce(min(nullif(location, '')), '') as other_location
from placed
group by project, service, revision
order by project, service, revision
