-- name:    find_database_size
-- about:   the database file in bytes: as it is, and of that what is free
-- params:
-- columns: file_bytes BIGINT, free_bytes BIGINT

select
    cast(total_blocks * block_size as bigint) as file_bytes,
    cast(free_blocks * block_size as bigint) as free_bytes
from pragma_database_size()
where database_name = current_database()
