-- name:    find_bounds
-- about:   first and last event time of the stored entries before an instant, and their projects; without any entry those
--          of the spans
-- params:  $end_ns BIGINT
-- columns: first_ns BIGINT, last_ns BIGINT, projects VARCHAR[]

with written as (
    select
        min(at_ns) as first_ns,
        max(at_ns) as last_ns,
        list_sort(list(distinct project)) as projects
    from entries
    where at_ns < $end_ns and (received_at_ns is null or received_at_ns < $end_ns)
),
traced as (
    select
        min(start_ns) as first_ns,
        max(start_ns) as last_ns,
        list_sort(list(distinct project)) as projects
    from spans
    where
        start_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and not exists (select 1 from written where first_ns is not null)
)
select
    coalesce(written.first_ns, traced.first_ns) as first_ns,
    coalesce(written.last_ns, traced.last_ns) as last_ns,
    coalesce(written.projects, traced.projects) as projects
from written
cross join traced
