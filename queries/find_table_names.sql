-- name:    find_table_names
-- about:   tables of an attached database, by name
-- params:  $database VARCHAR
-- columns: name VARCHAR

select table_name as name
from duckdb_tables()
where database_name = $database and schema_name = 'main' and not internal
order by table_name
