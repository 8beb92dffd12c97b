-- name:    find_trace_requests
-- about:   the requests of some traces, with route and origin; a key of `request:` and the id of a line stands for a
--          request without a trace
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[], $tests VARCHAR, $checkers VARCHAR,
--          $scanners VARCHAR, $people VARCHAR, $health_paths VARCHAR, $odd_paths VARCHAR, $variable_parts VARCHAR
-- columns: trace VARCHAR, project VARCHAR, service VARCHAR, revision VARCHAR, route VARCHAR, origin VARCHAR,
--          client UBIGINT, start_ns BIGINT, latency_ns BIGINT, http_status SMALLINT, agent VARCHAR

with failing as (
    select unnest($traces::varchar[]) as trace
),
requests as (
    select
        coalesce(trace, 'request:' || insert_id) as trace,
        project,
        service,
        revision,
        at_ns,
        latency_ns,
        client,
        user_agent,
        coalesce(http_method, '') || ' ' || regexp_replace(coalesce(http_path, ''), $variable_parts, '/*', 'g') as route,
        http_status,
        case
            when regexp_matches(coalesce(user_agent, ''), $tests) then 'tests'
            when regexp_matches(coalesce(user_agent, ''), $scanners) then 'scanners'
            when regexp_matches(coalesce(http_path, ''), $odd_paths) and http_status between 400 and 499 then 'scanners'
            when regexp_matches(coalesce(user_agent, ''), $checkers) then 'health_checks'
            when regexp_matches(coalesce(user_agent, ''), $people) then 'users'
            when regexp_matches(coalesce(http_path, ''), $health_paths) then 'health_checks'
            else 'unknown'
        end as origin
    from entries
    where
        log = 'requests'
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and coalesce(trace, 'request:' || insert_id) in (select trace from failing)
),
firsts as (
    select
        trace,
        min({'at_ns': at_ns, 'origin': origin}).origin as origin
    from requests
    group by trace
)
select
    requests.trace,
    requests.project,
    requests.service,
    requests.revision,
    requests.route,
    case when requests.origin = 'unknown' then firsts.origin else requests.origin end as origin,
    requests.client,
    requests.at_ns as start_ns,
    requests.latency_ns,
    requests.http_status,
    requests.user_agent as agent
from requests
join firsts using (trace)
order by all
