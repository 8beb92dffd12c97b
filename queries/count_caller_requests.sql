-- name:    count_caller_requests
-- about:   requests of some callers, and of all that use their user agents or some others, per route, revision and
--          time; client 0 stands for the others of a user agent. `minute` is the first of its `bin_minutes`
-- params:  $start_ns BIGINT, $end_ns BIGINT, $clients UBIGINT[], $agents VARCHAR[], $bin_minutes BIGINT,
--          $variable_parts VARCHAR
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, route VARCHAR, client UBIGINT, agent VARCHAR,
--          minute BIGINT, requests BIGINT

with asked as (
    select
        project,
        service,
        revision,
        client,
        at_ns,
        coalesce(http_method, '') as http_method,
        coalesce(http_path, '') as http_path,
        coalesce(user_agent, '') as agent
    from entries
    where
        log = 'requests'
        and client is not null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
known as (
    select unnest($clients::ubigint[]) as client
),
agents as (
    select distinct asked.agent
    from asked
    join known using (client)
    union
    select unnest($agents::varchar[])
),
theirs as (
    select
        asked.*,
        coalesce(known.client, 0) as caller
    from asked
    join agents using (agent)
    left join known using (client)
),
paths as (
    select
        http_path,
        regexp_replace(http_path, $variable_parts, '/*', 'g') as route
    from (select distinct http_path from theirs) as distinct_paths
)
select
    theirs.project,
    theirs.service,
    theirs.revision,
    theirs.http_method || ' ' || paths.route as route,
    theirs.caller as client,
    theirs.agent,
    theirs.at_ns // 60_000_000_000 // $bin_minutes * $bin_minutes as minute,
    count(*) as requests
from theirs
join paths using (http_path)
group by all
