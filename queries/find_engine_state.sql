-- name:    find_engine_state
-- about:   whether an engine is as it was made: no file is left in it, and no user's query has locked it
-- params:
-- columns: is_as_made BOOLEAN

select
    current_setting('enable_external_access')
    and not exists (select 1 from duckdb_databases() where not internal and database_name <> 'memory') as is_as_made
