-- name:    find_failed_sources
-- about:   sources whose last pull did not end well, and that were not read to the end of a window before it
-- params:  $end_ns BIGINT
-- columns: source VARCHAR, started_at_ns BIGINT

with last as (
    select
        source,
        max_by(outcome, run_id) as outcome,
        max_by(started_at_ns, run_id) as started_at_ns
    from runs
    where kind = 'collect' and ended_at_ns is not null
    group by source
),
reached as (
    select
        source,
        max(max_received_at_ns) as until_ns
    from batches
    group by source
)
select
    last.source,
    last.started_at_ns
from last
left join reached using (source)
where last.outcome <> 'complete' and coalesce(reached.until_ns, 0) < $end_ns
order by last.source
