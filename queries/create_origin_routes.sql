-- name:    create_origin_routes
-- about:   for the reader that asks alone: the routes of origin_paths by their id; `number`: from 0 on. Needs create_origin_paths
-- params:
-- columns:

create or replace temp table origin_routes as
select
    id,
    cast(row_number() over (order by any_value(route), id) - 1 as integer) as number,
    any_value(route) as route,
    any_value(is_health) as is_health,
    any_value(is_odd) as is_odd
from origin_paths
group by id
