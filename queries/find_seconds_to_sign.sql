-- name:    find_seconds_to_sign
-- about:   the seconds in which batches have entries, and others near them with more than $most: `entries` all that are
--          stored of the second, `fresh` those of the batches, `bytes` the size of their texts
-- params:  $batch_ids BIGINT[], $first_ns BIGINT, $last_ns BIGINT, $most BIGINT
-- columns: second BIGINT, entries BIGINT, fresh BIGINT, bytes BIGINT

with fresh as (
    select
        at_ns // 1_000_000_000 as second,
        count(*) as entries,
        cast(coalesce(sum(coalesce(strlen(message), 0) + coalesce(strlen(payload), 0)), 0) as bigint) as bytes
    from entries
    where batch_id in (select unnest($batch_ids::bigint[]))
    group by at_ns // 1_000_000_000
),
held as (
    select
        at_ns // 1_000_000_000 as second,
        count(*) as entries
    from entries
    where at_ns between $first_ns - 3_000_000_000 and $last_ns + 3_000_000_000
    group by at_ns // 1_000_000_000
)
select
    second,
    held.entries,
    coalesce(fresh.entries, 0) as fresh,
    coalesce(fresh.bytes, 0) as bytes
from held
left join fresh using (second)
where fresh.entries is not null or held.entries > $most
order by second
