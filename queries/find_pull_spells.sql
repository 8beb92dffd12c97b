-- name:    find_pull_spells
-- about:   pulls of each source that ended alike, one after the other: read, failed, or cut off; `usual_ns` is the
--          usual time from one pull of the source to the next, null of a single one. Only what was known before $end_ns
-- params:  $since_ns BIGINT, $end_ns BIGINT
-- columns: source VARCHAR, course VARCHAR, runs BIGINT, began_ns BIGINT, last_began_ns BIGINT, ended_ns BIGINT, outcome
--          VARCHAR, usual_ns BIGINT

with told as (
    select
        source,
        run_id,
        started_at_ns,
        ended_at_ns,
        outcome,
        case
            when outcome = 'complete' then 'read'
            when outcome like 'failed: Asked to stop%' then 'cut'
            when outcome like 'failed%' then 'failed'
            else 'cut'
        end as course,
        started_at_ns - lag(started_at_ns) over (partition by source order by run_id) as after_ns
    from runs
    where kind = 'collect' and started_at_ns >= $since_ns and started_at_ns < $end_ns and ended_at_ns < $end_ns
),
marked as (
    select
        *,
        course is distinct from lag(course) over (partition by source order by run_id) as is_turn
    from told
),
numbered as (
    select
        *,
        count_if(is_turn) over (partition by source order by run_id rows unbounded preceding) as spell
    from marked
),
paces as (
    select
        source,
        cast(median(after_ns) as bigint) as usual_ns
    from told
    group by source
)
select
    numbered.source,
    any_value(numbered.course) as course,
    count(*) as runs,
    min(numbered.started_at_ns) as began_ns,
    max(numbered.started_at_ns) as last_began_ns,
    max(numbered.ended_at_ns) as ended_ns,
    arg_max(numbered.outcome, numbered.run_id) as outcome,
    any_value(paces.usual_ns) as usual_ns
from numbered
join paces using (source)
group by numbered.source, numbered.spell
order by numbered.source, numbered.spell
