-- name:    find_cursor
-- about:   how far a source has been read; no row when never
-- params:  $source VARCHAR
-- columns: cursor VARCHAR

select cursor
from cursors
where source = $source
order by stored_at_ns desc
limit 1
