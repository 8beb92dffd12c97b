-- name:    count_tables
-- about:   tables of a database: none means new, `migrations` among them means ours, anything else means foreign
-- params:
-- columns: tables BIGINT, ours BIGINT

select
    count(*) as tables,
    count(*) filter (where table_name = 'migrations') as ours
from information_schema.tables
where table_schema = 'main'
