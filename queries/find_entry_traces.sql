-- name:    find_entry_traces
-- about:   the traces of some entries of a service
-- params:  $start_ns BIGINT, $end_ns BIGINT, $service VARCHAR, $insert_ids VARCHAR[]
-- columns: trace VARCHAR

select distinct trace
from entries
where
    service = $service
    and trace is not null
    and at_ns >= $start_ns
    and at_ns < $end_ns
    and insert_id in (select unnest($insert_ids::varchar[]))
order by trace
