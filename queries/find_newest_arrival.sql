-- name:    find_newest_arrival
-- about:   when the newest record of all arrived; where records do not tell it, when the newest was, by its own clock;
--          where nothing was stored, when the last batch came in
-- params:
-- columns: newest_ns BIGINT

select coalesce(max(coalesce(max_received_at_ns, last_at_ns)), max(stored_at_ns)) as newest_ns
from batches
