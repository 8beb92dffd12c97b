-- name:    find_trouble_spells
-- about:   spells of trouble before an instant: from the first look to the one that tells that it is over, null while it
--          goes on; with the last words and, in `first_detail`, the first
-- params:  $end_ns BIGINT
-- needs:   troubles
-- columns: kind VARCHAR, subject VARCHAR, since_ns BIGINT, until_ns BIGINT, last_seen_ns BIGINT, detail VARCHAR,
--          first_detail VARCHAR

with told as (
    select
        *,
        coalesce(
            sum(cast(is_over as integer)) over (
                partition by kind, subject
                order by seen_at_ns, is_over desc
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as spell
    from troubles
    where seen_at_ns < $end_ns
)
select
    kind,
    subject,
    min(seen_at_ns) filter (where not is_over) as since_ns,
    min(seen_at_ns) filter (where is_over) as until_ns,
    max(seen_at_ns) filter (where not is_over) as last_seen_ns,
    arg_max(detail, seen_at_ns) filter (where not is_over) as detail,
    arg_min(detail, seen_at_ns) filter (where not is_over) as first_detail
from told
group by kind, subject, spell
having count_if(not is_over) > 0
order by since_ns, kind, subject
