-- name:    find_filled_tables
-- about:   tables of the database that may have a row: what the engine counts is never too few
-- params:
-- columns: name VARCHAR

select table_name as name
from duckdb_tables()
where database_name = current_database() and schema_name = 'main' and not temporary and estimated_size > 0
order by table_name
