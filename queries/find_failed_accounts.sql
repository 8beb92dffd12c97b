-- name:    find_failed_accounts
-- about:   which account stands in each of some traces, and in each failed entry that has none, as a number that
--          tells accounts apart and nothing of them. Of several in one trace that which was told first: who asked
-- params:  $start_ns BIGINT, $end_ns BIGINT, $traces VARCHAR[], $rules INTEGER, $account VARCHAR, $nobody VARCHAR
-- columns: key VARCHAR, account UBIGINT

with failing as (
    select unnest($traces::varchar[]) as trace
),
alone as (
    select unnest(insert_ids) as insert_id
    from occurrences
    where
        trace is null
        and at_ns >= $start_ns - 60_000_000_000  -- an occurrence that began before may have lines inside
        and at_ns < $end_ns
        and signature_id in (select signature_id from signatures where rules = $rules)
),
lines as (
    select
        trace as key,
        at_ns,
        payload as text
    from entries
    where
        trace in (select trace from failing)
        and payload is not null
        and log <> 'requests'
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
    union all
    select
        insert_id as key,
        at_ns,
        payload as text
    from entries
    where
        insert_id in (select insert_id from alone)
        and trace is null
        and payload is not null
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
    union all
    select
        trace as key,
        start_ns as at_ns,
        attributes as text
    from spans
    where
        trace in (select trace from failing)
        and attributes is not null
        and start_ns >= $start_ns
        and start_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
told as materialized (  -- or the texts of all lines would be searched, and twice
    select
        key,
        at_ns,
        regexp_extract(text, $account, 1) as account
    from lines
)
select
    key,
    min({'at_ns': at_ns, 'account': hash(account)}).account as account
from told
where account <> '' and not regexp_matches(account, $nobody)
group by key
order by key
