-- name:    insert_cursor
-- about:   how far a source has been read
-- params:  $source VARCHAR, $cursor VARCHAR, $now_ns BIGINT
-- columns:

insert into cursors
values ($source, $cursor, $now_ns)
