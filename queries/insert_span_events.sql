-- name:    insert_span_events
-- about:   the events that spans name: their span events that are no exceptions, logs or messages of a call, and what
--          they send to a queue or topic (producer spans). A name is an identifier without numbers
-- params:  $batch_ids BIGINT[], $name VARCHAR, $numbered VARCHAR, $no_events VARCHAR[],
--          $field VARCHAR, $no_fields VARCHAR[], $empty VARCHAR[]
-- columns:

insert into events
with told as (
    select
        spans.*,
        unnest(from_json(events, '["json"]')) as told
    from spans
    where batch_id in (select unnest($batch_ids::bigint[])) and events is not null and service <> ''
),
named as (
    select
        project, service, revision, location, instance, span, trace, start_ns, received_at_ns, batch_id,
        json_extract_string(told, '$.name') as event,
        coalesce(cast(json_extract_string(told, '$.at_ns') as bigint), start_ns) as at_ns,
        coalesce(cast(json_extract(told, '$.attributes') as varchar), '') as text
    from told
    union all
    select
        project, service, revision, location, instance, span, trace, start_ns, received_at_ns, batch_id,
        coalesce(
            json_extract_string(attributes, '$."messaging.destination.name"'),
            json_extract_string(attributes, '$."messaging.destination"')
        ) as event,
        start_ns as at_ns,
        coalesce(attributes, '') as text
    from spans
    where batch_id in (select unnest($batch_ids::bigint[])) and kind = 4 and service <> ''
)
select
    project,
    service,
    revision,
    location,
    instance,
    event,
    'span' as source,
    at_ns,
    received_at_ns,
    trace,
    'span:' || span as insert_id,
    list_sort(list_distinct(list_transform(
        list_filter(
            list_zip(regexp_extract_all(text, $field, 1), regexp_extract_all(text, $field, 2)),
            lambda pair: not list_contains($no_fields, lower(pair[1])) and not list_contains($empty, lower(trim(pair[2], ' "''\')))
        ),
        lambda pair: pair[1]
    ))) as fields,
    batch_id
from named
where
    event is not null
    and regexp_matches(event, $name)
    and length(event) between 3 and 80
    and not regexp_matches(event, $numbered)
    and not list_contains($no_events, lower(event))
