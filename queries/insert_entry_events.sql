-- name:    insert_entry_events
-- about:   the events that log lines below WARNING name: by a key of their payload, by a key in their text, or in words
--          (`event order-placed`, `published OrderPlaced`). Lines of DEBUG and below come and go with the log level and
--          do not count. A name is an identifier without numbers; a key that also names other things (`type`) only
--          counts with one of several words. `fields` are the names of all keys with a value, however deep
-- params:  $batch_ids BIGINT[], $telling VARCHAR, $plain_keys VARCHAR[], $vague_keys VARCHAR[], $pair VARCHAR,
--          $vague_pair VARCHAR, $spoken VARCHAR, $name VARCHAR, $several_words VARCHAR, $numbered VARCHAR,
--          $no_events VARCHAR[], $field VARCHAR, $no_fields VARCHAR[], $empty VARCHAR[]
-- columns:

insert into events
with lines as (
    select
        entries.*,
        payload is not null and starts_with(payload, '{') as is_json
    from entries
    where
        batch_id in (select unnest($batch_ids::bigint[]))
        and log not in ('requests', 'varlog/system', 'activity', 'system_event', 'data_access', 'policy')
        and (severity = 0 or severity between 9 and 12)
        and service <> ''
        and (regexp_matches(message, $telling) or regexp_matches(payload, $telling))
),
keyed as (
    select
        lines.*,
        case when is_json then list_filter(json_extract_string(payload, $plain_keys), lambda found: regexp_matches(found, $name))[1] end as plain_name,
        case when is_json then list_filter(json_extract_string(payload, $vague_keys), lambda found: regexp_matches(found, $several_words))[1] end as vague_name
    from lines
),
named as (
    select
        keyed.*,
        coalesce(
            plain_name,
            nullif(regexp_extract(message, $pair, 1), ''),
            vague_name,
            nullif(regexp_extract(message, $vague_pair, 1), ''),
            nullif(regexp_extract(message, $spoken, 1), '')
        ) as event
    from keyed
),
told as (
    select
        named.*,
        -- of a plain line what stands from the name on: what the logger writes comes before
        case when is_json then payload else substr(message, greatest(strpos(message, event), 1)) end as text
    from named
    where
        event is not null
        and length(event) between 3 and 80
        and not regexp_matches(event, $numbered)
        and not list_contains($no_events, lower(event))
        and event <> service
)
select
    project,
    service,
    revision,
    location,
    instance,
    event,
    'log' as source,
    at_ns,
    received_at_ns,
    trace,
    insert_id,
    list_sort(list_distinct(list_transform(
        list_filter(
            list_zip(regexp_extract_all(text, $field, 1), regexp_extract_all(text, $field, 2)),
            lambda pair: not list_contains($no_fields, lower(pair[1])) and not list_contains($empty, lower(trim(pair[2], ' "''\')))
        ),
        lambda pair: pair[1]
    ))) as fields,
    batch_id
from told
