-- name:    count_rows_by_day
-- about:   entries and spans by day (UTC, in days since 1970), the oldest first: what size is cut by
-- params:
-- columns: day BIGINT, held BIGINT

select
    day,
    cast(sum(held) as bigint) as held
from (
    select
        at_ns // 86_400_000_000_000 as day,
        count(*) as held
    from entries
    group by all
    union all
    select
        start_ns // 86_400_000_000_000,
        count(*)
    from spans
    group by all
) as both_kinds
group by day
order by day
