-- name:    find_engine_state
-- about:   whether an engine with a file as `store` is else as it was made: no other file is left in it, and no user's
--          query has locked it; and the bytes that it holds
-- params:
-- columns: is_as_made BOOLEAN, held_bytes BIGINT

select
    current_setting('enable_external_access')
    and not exists (
        select 1
        from duckdb_databases()
        where not internal and database_name not in ('memory', 'store')
    ) as is_as_made,
    cast((select coalesce(sum(memory_usage_bytes), 0) from duckdb_memory()) as bigint) as held_bytes
