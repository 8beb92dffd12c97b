-- name:    count_seen_span_revisions
-- about:   what spans tell of each revision of services that wrote no entry, as count_seen_revisions tells the others;
--          `requests` are its server spans. The project is their own, else the only one there is
-- params:  $end_ns BIGINT
-- needs:   spans
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, first_ns BIGINT, last_ns BIGINT, requests BIGINT,
--          first_request_ns BIGINT, last_request_ns BIGINT, location VARCHAR, other_location VARCHAR

with written as materialized (
    select
        service,
        min(project) as project,
        max(project) as other
    from entries
    where
        service <> ''
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
    group by service
)
select
    coalesce(
        nullif(max(project), ''),
        (select case when min(project) = max(other) then min(project) end from written),
        ''
    ) as project,
    service,
    revision,
    min(start_ns) as first_ns,
    max(start_ns) as last_ns,
    count(*) filter (where kind in (2, 5)) as requests,
    min(start_ns) filter (where kind in (2, 5)) as first_request_ns,
    max(start_ns) filter (where kind in (2, 5)) as last_request_ns,
    max(location) as location,
    coalesce(min(nullif(location, '')), '') as other_location
from spans
where
    revision <> ''
    and service <> ''
    and start_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $end_ns)
    and service not in (select service from written)
group by service, revision
order by project, service, revision
