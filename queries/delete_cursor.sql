-- name:    delete_cursor
-- about:   forgets how far a source has been read, before the new place is written
-- params:  $source VARCHAR
-- columns:

delete from cursors
where source = $source
