-- name:    find_migrations
-- about:   names of the schema changes applied to this database; fails where there is no such table
-- params:
-- columns: name VARCHAR

select name
from migrations
order by name
