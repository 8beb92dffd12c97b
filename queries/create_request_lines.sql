-- name:    create_request_lines
-- about:   for the reader that asks alone: logged requests, each with the path that tells who asked: its route, as far as
--          one is stored, which stands for millions of paths; else the path itself. `agent`, `place` and `writer` are
--          hashes: made here, where a block of rows has each name once, and not behind a join
-- params:
-- columns:

create or replace temp view request_lines as
select
    project,
    insert_id,
    at_ns,
    received_at_ns,
    service,
    revision,
    instance,
    trace,
    client,
    latency_ns,
    http_status,
    user_agent,
    http_method,
    route as path,
    hash(coalesce(user_agent, '')) as agent,
    hash(project, service, revision, http_method) as place,
    case when instance <> '' then hash(project, service, instance) end as writer
from entries
where log = 'requests' and route is not null
union all
select
    project,
    insert_id,
    at_ns,
    received_at_ns,
    service,
    revision,
    instance,
    trace,
    client,
    latency_ns,
    http_status,
    user_agent,
    http_method,
    coalesce(http_path, '') as path,
    hash(coalesce(user_agent, '')) as agent,
    hash(project, service, revision, http_method) as place,
    case when instance <> '' then hash(project, service, instance) end as writer
from entries
where log = 'requests' and route is null
