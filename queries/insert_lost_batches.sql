-- name:    insert_lost_batches
-- about:   the batches of the relation `fresh`, which were acknowledged and are not in the database any more
-- params:  $now_ns BIGINT
-- columns:

insert into lost_batches
select
    fresh.batch_id,
    fresh.run_id,
    fresh.source,
    fresh.location,
    fresh.records,
    fresh.first_at_ns,
    fresh.last_at_ns,
    $now_ns
from fresh
