-- name:    find_last_received
-- about:   when the last entry of revisions was received; of entries that do not tell it, when they were written
-- params:  $project VARCHAR, $revisions VARCHAR[], $end_ns BIGINT
-- columns: last_ns BIGINT

select max(greatest(at_ns, coalesce(received_at_ns, at_ns))) as last_ns
from entries
where project = $project and revision in (select unnest($revisions::varchar[])) and at_ns < $end_ns
