-- name:    find_bounds
-- about:   first and last event time of the stored entries before an instant, and their projects
-- params:  $end_ns BIGINT
-- columns: first_ns BIGINT, last_ns BIGINT, projects VARCHAR[]

select
    min(at_ns) as first_ns,
    max(at_ns) as last_ns,
    list_sort(list_distinct(list(project))) as projects
from entries
where at_ns < $end_ns and (received_at_ns is null or received_at_ns < $end_ns)
