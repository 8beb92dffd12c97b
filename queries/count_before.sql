-- name:    count_before
-- about:   rows that retention would take away before a time, and the oldest of them: entries, spans, test cases (one
--          without a time counts as of when it was stored) and dead letters (as of when they were stored)
-- params:  $before_ns BIGINT
-- columns: entries BIGINT, spans BIGINT, tests BIGINT, dead BIGINT, oldest_ns BIGINT

with written as (
    select
        count(*) as held,
        min(at_ns) as oldest_ns
    from entries
    where at_ns < $before_ns
),
traced as (
    select
        count(*) as held,
        min(start_ns) as oldest_ns
    from spans
    where start_ns < $before_ns
),
tested as (
    select
        count(*) as held,
        min(coalesce(test_cases.at_ns, batches.stored_at_ns)) as oldest_ns
    from test_cases
    inner join batches using (batch_id)
    where coalesce(test_cases.at_ns, batches.stored_at_ns) < $before_ns
),
laid_aside as (
    select
        count(*) as held,
        min(batches.stored_at_ns) as oldest_ns
    from dead_letters
    inner join batches using (batch_id)
    where batches.stored_at_ns < $before_ns
)
select
    written.held as entries,
    traced.held as spans,
    tested.held as tests,
    laid_aside.held as dead,
    least(written.oldest_ns, traced.oldest_ns, tested.oldest_ns, laid_aside.oldest_ns) as oldest_ns
from written
cross join traced
cross join tested
cross join laid_aside
