-- name:    insert_dead_letters
-- about:   the dead letters of the relation `fresh`
-- params:  $batch_id BIGINT, $source VARCHAR
-- columns:

insert into dead_letters
select $batch_id, $source, fresh.location, fresh.line, fresh.reason, fresh.excerpt
from fresh
