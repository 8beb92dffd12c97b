-- name:    create_asked_requests
-- about:   for the reader that asks alone: every logged request with its route and who asked, `unknown` of a bare library
--          of which neither trace nor client tell more. The one place that decides; see classifiers/origin.py. Needs
--          create_request_lines and the tables of create_origin_agents, create_origin_paths, create_origin_routes,
--          create_origin_traces and create_origin_clients
-- params:
-- columns:

create or replace temp view asked_requests as
select
    lines.project,
    lines.insert_id,
    lines.at_ns,
    lines.received_at_ns,
    lines.service,
    lines.revision,
    lines.instance,
    lines.trace,
    lines.client,
    lines.latency_ns,
    lines.http_status,
    lines.user_agent,
    coalesce(lines.http_method, '') || ' ' || paths.route as route,
    paths.is_health,
    paths.is_odd,
    case
        when agents.agent in ('tests', 'scanners') then agents.agent
        when traces.declared is not null then traces.declared
        when paths.is_test then cast('tests' as sender)
        when paths.is_odd and lines.http_status between 400 and 499 then cast('scanners' as sender)
        when agents.agent = 'health_checks' then agents.agent
        when paths.is_health and agents.agent = 'unknown' then cast('health_checks' as sender)
        when clients.client is not null then cast('tests' as sender)
        else agents.agent
    end as origin,
    traces.entered,
    lines.place,
    lines.writer,
    routes.number as path,
    case when lines.user_agent is not null then agents.id end as agent
from request_lines as lines
join origin_agents as agents
    on lines.agent = agents.key
join origin_paths as paths
    on hash(lines.path) = paths.key
join origin_routes as routes
    on paths.id = routes.id
left join origin_traces as traces
    on lines.trace = traces.trace
left join origin_clients as clients
    on lines.client = clients.client and lines.at_ns // 600_000_000_000 = clients.step
