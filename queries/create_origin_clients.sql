-- name:    create_origin_clients
-- about:   for the reader that asks alone: clients most of whose requests of ten minutes are declared tests; the others
--          of that time, of which no span is known, are theirs too. Needs create_origin_traces
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns:

create or replace temp table origin_clients as
with known as (
    select distinct entries.client
    from entries
    join origin_traces using (trace)
    where
        entries.log = 'requests'
        and entries.client is not null
        and entries.at_ns >= $start_ns
        and entries.at_ns < $end_ns
        and origin_traces.declared = 'tests'
)
select
    entries.client,
    entries.at_ns // 600_000_000_000 as step
from entries
join known using (client)
left join origin_traces using (trace)
where
    entries.log = 'requests'
    and entries.at_ns >= $start_ns
    and entries.at_ns < $end_ns
group by entries.client, entries.at_ns // 600_000_000_000
having
    count(*) filter (where origin_traces.declared = 'tests')
    > count(*) filter (where origin_traces.trace is not null and origin_traces.declared is distinct from 'tests')
