-- name:    find_newest_arrivals
-- about:   when the newest record of each location of a source arrived, of those before an instant; where records do not
--          tell it, when the newest of them was, by the clocks of those who sent it
-- params:  $source VARCHAR, $end_ns BIGINT
-- columns: location VARCHAR, newest_ns BIGINT, is_arrival BOOLEAN

select
    location,
    max(coalesce(max_received_at_ns, last_at_ns)) as newest_ns,
    bool_and(max_received_at_ns is not null) as is_arrival
from batches
where
    source = $source
    and stored > 0
    and coalesce(max_received_at_ns, last_at_ns) < $end_ns
group by location
order by location
