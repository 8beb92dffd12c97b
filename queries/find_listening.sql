-- name:    find_listening
-- about:   sources that are received and were listened for at an instant: a run of theirs had begun and not ended
-- params:  $end_ns BIGINT
-- columns: source VARCHAR

select distinct source
from runs
where kind = 'receive' and started_at_ns < $end_ns and (ended_at_ns is null or ended_at_ns >= $end_ns)
order by source
