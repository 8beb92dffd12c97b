-- name:    count_exposure
-- about:   requests per service, revision, route, origin and minute: what failures are counted against; the origin of
--          a request made by a bare library is that of the first request of its trace. In no order
-- params:  $start_ns BIGINT, $end_ns BIGINT, $tests VARCHAR, $checkers VARCHAR, $scanners VARCHAR, $people VARCHAR,
--          $health_paths VARCHAR, $odd_paths VARCHAR, $variable_parts VARCHAR
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, route VARCHAR, origin VARCHAR, minute BIGINT,
--          requests BIGINT

with requests as (
    select
        project,
        service,
        revision,
        trace,
        at_ns,
        coalesce(http_method, '') as http_method,
        coalesce(http_path, '') as http_path,
        http_status,
        coalesce(user_agent, '') as user_agent
    from entries
    where
        log = 'requests'
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
agents as (
    select
        user_agent,
        case
            when regexp_matches(user_agent, $tests) then 'tests'
            when regexp_matches(user_agent, $scanners) then 'scanners'
            when regexp_matches(user_agent, $checkers) then 'health_checks'
            when regexp_matches(user_agent, $people) then 'users'
            else 'unknown'
        end as agent
    from (select distinct user_agent from requests) as distinct_agents
),
paths as (
    select
        http_path,
        regexp_replace(http_path, $variable_parts, '/*', 'g') as route,
        regexp_matches(http_path, $health_paths) as is_health,
        regexp_matches(http_path, $odd_paths) as is_odd
    from (select distinct http_path from requests) as distinct_paths
),
asked as (
    select
        requests.project,
        requests.service,
        requests.revision,
        requests.trace,
        requests.at_ns,
        requests.http_method || ' ' || paths.route as route,
        case
            when agents.agent in ('tests', 'scanners') then agents.agent
            when paths.is_odd and requests.http_status between 400 and 499 then 'scanners'
            when agents.agent = 'health_checks' then agents.agent
            when paths.is_health and agents.agent = 'unknown' then 'health_checks'
            else agents.agent
        end as origin
    from requests
    join agents using (user_agent)
    join paths using (http_path)
),
firsts as (
    select
        trace,
        min({'at_ns': at_ns, 'origin': origin}).origin as origin
    from asked
    where trace is not null
    group by trace
)
select
    asked.project,
    asked.service,
    asked.revision,
    asked.route,
    case when asked.origin = 'unknown' then coalesce(firsts.origin, 'unknown') else asked.origin end as origin,
    asked.at_ns // 60_000_000_000 as minute,
    count(*) as requests
from asked
left join firsts using (trace)
group by all
