-- name:    create_request_lines_by_path
-- about:   as create_request_lines, each by its whole path: patterns of config.yaml may ask for what no route tells
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
    coalesce(http_path, '') as path,
    hash(coalesce(user_agent, '')) as agent,
    hash(project, service, revision, http_method) as place,
    case when instance <> '' then hash(project, service, instance) end as writer
from entries
where log = 'requests'
