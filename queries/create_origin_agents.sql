-- name:    create_origin_agents
-- about:   for the reader that asks alone: what each user agent of a time is, by its words; see classifiers/origin.py.
--          `key`: its hash
-- params:  $start_ns BIGINT, $end_ns BIGINT, $tests VARCHAR, $scanners VARCHAR, $checkers VARCHAR, $people VARCHAR
-- columns:

create or replace temp table origin_agents as
select
    user_agent,
    hash(user_agent) as key,
    cast(row_number() over () as integer) as id,
    cast(case
        when regexp_matches(user_agent, $tests) then 'tests'
        when regexp_matches(user_agent, $scanners) then 'scanners'
        when regexp_matches(user_agent, $checkers) then 'health_checks'
        when regexp_matches(user_agent, $people) then 'users'
        else 'unknown'
    end as sender) as agent
from (
    select coalesce(user_agent, '') as user_agent
    from entries
    where log = 'requests' and at_ns >= $start_ns and at_ns < $end_ns
    union
    select coalesce(user_agent, '') as user_agent
    from spans
    where kind in (2, 5) and start_ns >= $start_ns and start_ns < $end_ns
) as distinct_agents
