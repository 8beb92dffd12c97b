-- name:    create_asked_requests
-- about:   for the reader that asks alone: every logged request with its route and who asked, `unknown` of a bare library
--          of which neither trace nor client tell more. The one place that decides; see classifiers/origin.py. Needs the
--          tables of create_origin_agents, create_origin_paths, create_origin_traces and create_origin_clients
-- params:
-- columns:

create or replace temp view asked_requests as
select
    entries.project,
    entries.insert_id,
    entries.at_ns,
    entries.received_at_ns,
    entries.service,
    entries.revision,
    entries.instance,
    entries.trace,
    entries.client,
    entries.latency_ns,
    entries.http_status,
    entries.user_agent,
    coalesce(entries.http_method, '') || ' ' || paths.route as route,
    paths.is_health,
    paths.is_odd,
    case
        when agents.agent in ('tests', 'scanners') then agents.agent
        when traces.declared is not null then traces.declared
        when paths.is_test then 'tests'
        when paths.is_odd and entries.http_status between 400 and 499 then 'scanners'
        when agents.agent = 'health_checks' then agents.agent
        when paths.is_health and agents.agent = 'unknown' then 'health_checks'
        when clients.client is not null then 'tests'
        else agents.agent
    end as origin,
    traces.entered,
    entries.http_method,
    paths.id as path,
    case when entries.user_agent is not null then agents.id end as agent
from entries
join origin_agents as agents
    on coalesce(entries.user_agent, '') = agents.user_agent
join origin_paths as paths
    on hash(coalesce(entries.http_path, '')) = paths.key
left join origin_traces as traces
    on entries.trace = traces.trace
left join origin_clients as clients
    on entries.client = clients.client and entries.at_ns // 600_000_000_000 = clients.step
where entries.log = 'requests'
