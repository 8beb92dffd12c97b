-- name:    count_growth
-- about:   entries and spans that are stored, and records that came into the store within a time
-- params:  $since_ns BIGINT, $now_ns BIGINT
-- columns: held BIGINT, fresh BIGINT

select
    (select count(*) from entries) + (select count(*) from spans) as held,
    (
        select cast(coalesce(sum(stored), 0) as bigint)
        from batches
        where stored_at_ns >= $since_ns and stored_at_ns < $now_ns
    ) as fresh
