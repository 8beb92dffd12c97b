-- name:    count_together
-- about:   how often occurrences of signatures come with another of them, in one trace or within a tenth of a second of
--          one instance, over all that is stored: per revision, of the first thousand occurrences of each, so that what
--          was counted once stays so. `other` is null in the row that counts them all. Keys are compared by their hash
-- params:  $end_ns BIGINT, $signature_ids VARCHAR[]
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, signature_id VARCHAR, other VARCHAR,
--          occurrences BIGINT

with late as (
    select project, insert_id, at_ns
    from entries
    where at_ns < $end_ns and received_at_ns >= $end_ns
),
held as (
    select
        project,
        service,
        revision,
        instance,
        signature_id,
        trace,
        at_ns,
        log,
        row_number() over (
            partition by project, service, revision, signature_id
            order by at_ns, insert_ids[1], log, instance
        ) as turn
    from occurrences
    where
        at_ns < $end_ns
        and signature_id in (select unnest($signature_ids::varchar[]))
        and (project, insert_ids[1], at_ns) not in (select (project, insert_id, at_ns) from late)
),
placed as (
    select
        project,
        service,
        revision,
        signature_id,
        turn,
        unnest([
            case when trace is not null then hash(project, service, trace) end,
            -- the time of a request is its start, long before what it failed of
            case
                when log <> 'requests' and instance <> ''
                    then hash(project, service, instance, at_ns // 100_000_000)
            end,
            case
                when log <> 'requests' and instance <> ''
                    then hash(project, service, instance, (at_ns + 50_000_000) // 100_000_000, 'between')
            end
        ]) as key
    from held
),
others as (
    select distinct
        key,
        signature_id
    from placed
    where key is not null
),
met as (
    select distinct
        placed.project,
        placed.service,
        placed.revision,
        placed.signature_id,
        others.signature_id as other,
        placed.turn
    from placed
    join others
        on placed.key = others.key and placed.signature_id <> others.signature_id
    where placed.turn <= 1000
)
select
    project,
    service,
    revision,
    signature_id,
    other,
    count(*) as occurrences
from met
group by project, service, revision, signature_id, other
union all
select
    project,
    service,
    revision,
    signature_id,
    cast(null as varchar) as other,
    count(*) as occurrences
from held
where turn <= 1000
group by project, service, revision, signature_id
order by project, service, revision, signature_id, other
