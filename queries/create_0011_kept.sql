-- name:    create_0011_kept
-- about:   what keeps the store whole and small. batch_rows: rows that each batch brought, by table, written with them;
--          `pruned` of its entries, spans and test cases, and `pruned_dead` of its dead letters, were taken away by
--          retention, `lost` and `lost_dead` by damage. retention_marks: the time before which everything was taken.
--          lost_batches: batches that were acknowledged and are not in the file any more; append-only
-- params:
-- columns:

create table batch_rows (
    batch_id bigint not null,
    entries bigint not null,
    spans bigint not null,
    tests bigint not null,
    facts bigint not null,
    dead bigint not null,
    pruned bigint not null,
    pruned_dead bigint not null,
    lost bigint not null,
    lost_dead bigint not null
);

create table retention_marks (
    before_ns bigint not null,
    why varchar not null,
    pruned_at_ns bigint not null
);

create table lost_batches (
    batch_id bigint not null,
    run_id bigint not null,
    source varchar not null,
    location varchar not null,
    records bigint not null,
    first_at_ns bigint,
    last_at_ns bigint,
    found_at_ns bigint not null
);

insert into batch_rows
with held as (
    select batch_id, 1 as entries, 0 as spans, 0 as tests, 0 as facts, 0 as dead from entries
    union all
    select batch_id, 0, 1, 0, 0, 0 from spans
    union all
    select batch_id, 0, 0, 1, 0, 0 from test_cases
    union all
    select batch_id, 0, 0, 0, 1, 0 from facts
    union all
    select batch_id, 0, 0, 0, 0, 1 from dead_letters
)
select
    batches.batch_id,
    coalesce(sum(held.entries), 0),
    coalesce(sum(held.spans), 0),
    coalesce(sum(held.tests), 0),
    coalesce(sum(held.facts), 0),
    coalesce(sum(held.dead), 0),
    0,
    0,
    0,
    0
from batches
left join held using (batch_id)
group by batches.batch_id;
