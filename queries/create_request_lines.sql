-- name:    create_request_lines
-- about:   for the reader that asks alone: logged requests, each with the path that tells who asked: its route, as far as
--          one is stored, which stands for millions of paths; else the path itself. In two parts, so that paths are read
--          where there is no route alone. Needs create_logged_requests
-- params:
-- columns:

create or replace temp view request_lines as
select
    *,
    route as path
from logged_requests
where route is not null
union all
select
    *,
    coalesce(http_path, '') as path
from logged_requests
where route is null
