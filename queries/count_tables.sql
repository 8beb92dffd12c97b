-- name:    count_tables
-- about:   tables of a database
-- params:
-- columns: tables BIGINT

select count(*) as tables
from information_schema.tables
where table_catalog = current_database() and table_schema = 'main'
