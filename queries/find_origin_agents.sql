-- name:    find_origin_agents
-- about:   user agents by their numbers in origin_agents, from 1 on. Needs create_origin_agents
-- params:
-- columns: id INTEGER, user_agent VARCHAR

select
    id,
    user_agent
from origin_agents
order by id
