-- name:    insert_span_events
-- about:   the events that spans name: their span events that are no exceptions, logs or messages of a call; what they
--          send (producer spans): the type of the message, else the queue or topic, else the name behind `publish`; the
--          type of a message that they handle (consumer spans); and spans inside a service whose name says what was done
--          or sent (`order.paid`, `emit OrderPlaced`). A name is an identifier without numbers
-- params:  $batch_ids BIGINT[], $type_keys VARCHAR[], $destination_keys VARCHAR[], $sending VARCHAR, $deed VARCHAR, $no_deed VARCHAR,
--          $no_shape VARCHAR, $name VARCHAR, $numbered VARCHAR, $technical VARCHAR, $no_events VARCHAR[], $field VARCHAR,
--          $no_fields VARCHAR[], $empty VARCHAR[]
-- columns:

insert into events
with told as (
    select
        spans.*,
        unnest(from_json(events, '["json"]')) as told
    from spans
    where batch_id in (select unnest($batch_ids::bigint[])) and events is not null and service <> ''
),
sent as (
    select
        spans.*,
        case when attributes is not null then list_filter(json_extract_string(attributes, $type_keys), lambda found: regexp_matches(found, $name))[1] end as message_type,
        case when attributes is not null then list_filter(json_extract_string(attributes, $destination_keys), lambda found: regexp_matches(found, $name))[1] end as destination,
        nullif(concat(regexp_extract(name, $sending, 1), regexp_extract(name, $sending, 2)), '') as spoken,
        nullif(regexp_extract(name, $deed, 1), '') as done
    from spans
    where batch_id in (select unnest($batch_ids::bigint[])) and kind in (0, 1, 4, 5) and service <> ''
),
clear as (
    select
        sent.*,
        case
            when not regexp_matches(coalesce(spoken, done), $no_deed)
                and (spoken is not null or not regexp_matches(done, $no_shape))
                then coalesce(spoken, done)
        end as inner_name
    from sent
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
        case kind
            when 4 then coalesce(message_type, destination, spoken)
            when 5 then message_type
            when 0 then inner_name
            when 1 then inner_name
        end as event,
        start_ns as at_ns,
        coalesce(attributes, '') as text
    from clear
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
    and not regexp_matches(event, $technical)
    and not list_contains($no_events, lower(event))
