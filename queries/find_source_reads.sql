-- name:    find_source_reads
-- about:   each source that was ever pulled: its cursor, and when its last pull that read all there was began
-- params:
-- columns: source VARCHAR, cursor VARCHAR, complete_at_ns BIGINT

with pulled as (
    select
        source,
        max(started_at_ns) filter (where outcome = 'complete') as complete_at_ns
    from runs
    where kind = 'collect'
    group by source
),
standing as (
    select
        source,
        max_by(cursor, stored_at_ns) as cursor
    from cursors
    group by source
)
select
    pulled.source,
    standing.cursor,
    pulled.complete_at_ns
from pulled
left join standing using (source)
order by pulled.source
