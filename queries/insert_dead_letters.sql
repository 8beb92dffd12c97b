-- name:    insert_dead_letters
-- about:   the dead letters of the relation `fresh`
-- params:
-- columns:

insert into dead_letters
select fresh.batch_id, fresh.source, fresh.location, fresh.line, fresh.reason, fresh.excerpt
from fresh
