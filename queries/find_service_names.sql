-- name:    find_service_names
-- about:   services that wrote an entry before an instant, in the order of their names
-- params:  $end_ns BIGINT
-- columns: service VARCHAR

select service
from entries
where at_ns < $end_ns and service <> ''
group by service
order by service
