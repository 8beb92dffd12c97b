-- name:    count_caller_requests
-- about:   requests of some callers, and of all that use their user agents or some others, per route, revision and
--          time; client 0 stands for the others of a user agent. `minute` is the first of its `bin_minutes`. Needs
--          create_request_rows. Places and routes by the numbers of find_request_places and find_origin_routes, agents
--          by those of find_origin_agents
-- params:  $start_ns BIGINT, $end_ns BIGINT, $clients UBIGINT[], $agents VARCHAR[], $bin_minutes BIGINT
-- columns: place INTEGER, route INTEGER, client UBIGINT, agent INTEGER, minute BIGINT, requests BIGINT

with known as (
    select distinct unnest($clients::ubigint[]) as client
),
asked as (
    select
        place,
        path,
        coalesce(agent, (select id from origin_agents where user_agent = '')) as agent,
        client,
        at_ns
    from request_rows
    where client is not null and at_ns >= $start_ns and at_ns < $end_ns
),
wanted as (
    select agent from asked where client in (select client from known)
    union
    select id as agent from origin_agents where user_agent in (select unnest($agents::varchar[]))
),
counted as (
    select
        asked.place,
        asked.path,
        coalesce(known.client, 0) as client,
        asked.agent,
        asked.at_ns // 60_000_000_000 // $bin_minutes * $bin_minutes as minute,
        count(*) as requests
    from asked
    left join known
        on asked.client = known.client
    where asked.agent in (select agent from wanted)
    group by all
)
select
    place,
    path as route,
    client,
    agent,
    minute,
    requests
from counted
