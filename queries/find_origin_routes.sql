-- name:    find_origin_routes
-- about:   origin_routes in the order of their numbers, from 0 on. Needs create_origin_routes
-- params:
-- columns: number INTEGER, route VARCHAR

select
    number,
    route
from origin_routes
order by number
