-- name:    find_event_names
-- about:   business events that came before an instant, in the order of their names
-- params:  $end_ns BIGINT
-- columns: event VARCHAR

select event
from events
where at_ns < $end_ns
group by event
order by event
