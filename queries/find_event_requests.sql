-- name:    find_event_requests
-- about:   requests of services that tell events, one of $one_in by their key, each with the events that came with it:
--          by its trace, else, of a line without one, the request of its instance that was under way and ended first
--          after it (`is_near`). The key is the trace, else `request:` and the id of the line. `due_ns`: the longest
--          that an event of it came after its start; `is_crossed`: another request was under way in its instance, so
--          that a line without a trace may be of either
-- params:  $start_ns BIGINT, $end_ns BIGINT, $services VARCHAR[], $one_in BIGINT, $tests VARCHAR, $checkers VARCHAR,
--          $scanners VARCHAR, $people VARCHAR, $health_paths VARCHAR, $odd_paths VARCHAR, $variable_parts VARCHAR
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, trace VARCHAR, at_ns BIGINT, route VARCHAR,
--          origin VARCHAR, http_status SMALLINT, events VARCHAR[], is_near BOOLEAN, due_ns BIGINT,
--          is_crossed BOOLEAN

with asked as materialized (
    select
        project,
        service,
        revision,
        hash(project, service, instance) as place,
        trace,
        coalesce(trace, 'request:' || insert_id) as key,
        at_ns,
        at_ns + coalesce(latency_ns, 0) as done_ns,
        coalesce(http_method, '') as http_method,
        coalesce(http_path, '') as http_path,
        http_status,
        coalesce(user_agent, '') as user_agent,
        coalesce(
            max(at_ns + coalesce(latency_ns, 0)) over (
                partition by project, service, instance
                order by at_ns, insert_id
                rows between unbounded preceding and 1 preceding
            ) >= at_ns - 5_000_000
            or lead(at_ns) over (partition by project, service, instance order by at_ns, insert_id)
            <= at_ns + coalesce(latency_ns, 0) + 5_000_000,
            false
        ) as is_crossed
    from entries
    where
        log = 'requests'
        and service in (select unnest($services::varchar[]))
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
happened as (
    select
        project,
        service,
        hash(project, service, instance) as place,
        instance,
        trace,
        event,
        at_ns
    from events
    where
        source = 'log'
        and service in (select unnest($services::varchar[]))
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
near as (
    select
        lonely.project,
        lonely.service,
        requests.key,
        requests.at_ns as asked_ns,
        lonely.event,
        lonely.at_ns,
        requests.done_ns
    from (select * from happened where trace is null and instance <> '') as lonely
    asof join asked as requests
        on lonely.place = requests.place and lonely.at_ns - 5_000_000 <= requests.done_ns
    where requests.at_ns <= lonely.at_ns + 5_000_000 and requests.done_ns - lonely.at_ns <= 900_000_000_000
),
linked as (
    select
        project,
        service,
        trace as key,
        event,
        at_ns,
        false as is_near
    from happened
    where trace is not null
    union all
    select
        project,
        service,
        key,
        event,
        at_ns,
        true as is_near
    from near
),
told as (
    select
        project,
        service,
        key,
        list_sort(list_distinct(list(event))) as events,
        bool_or(is_near) as is_near,
        max(at_ns) as last_ns
    from linked
    where hash(key) % $one_in = 0
    group by project, service, key
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
    from (select distinct user_agent from asked) as distinct_agents
),
paths as (
    select
        http_path,
        regexp_replace(http_path, $variable_parts, '/*', 'g') as route,
        regexp_matches(http_path, $health_paths) as is_health,
        regexp_matches(http_path, $odd_paths) as is_odd
    from (select distinct http_path from asked) as distinct_paths
),
kept as (
    select
        asked.project,
        asked.service,
        asked.revision,
        asked.key,
        asked.at_ns,
        asked.http_method || ' ' || paths.route as route,
        case
            when agents.agent in ('tests', 'scanners') then agents.agent
            when paths.is_odd and asked.http_status between 400 and 499 then 'scanners'
            when agents.agent = 'health_checks' or paths.is_health then 'health_checks'
            else agents.agent
        end as origin,
        asked.http_status,
        asked.is_crossed
    from asked
    join agents using (user_agent)
    join paths using (http_path)
    where hash(asked.key) % $one_in = 0
)
select
    kept.project,
    kept.service,
    kept.revision,
    kept.key as trace,
    kept.at_ns,
    kept.route,
    kept.origin,
    kept.http_status,
    coalesce(told.events, []) as events,
    coalesce(told.is_near, false) as is_near,
    told.last_ns - kept.at_ns as due_ns,
    kept.is_crossed
from kept
left join told
    on kept.project = told.project and kept.service = told.service and kept.key = told.key
order by all
