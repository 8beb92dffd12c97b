-- name:    insert_entry_events
-- about:   the events that log lines below WARNING name: by a key of their payload or of JSON in their text, by a key in
--          their text, or in words (`event order-placed`, `OrderPlaced emitted`). Lines of DEBUG and below come and go
--          with the log level and do not count. A name is an identifier without numbers; a key that also names other
--          things (`type`) only counts with one of several words. `fields` are the names of all keys with a value,
--          however deep
-- params:  $batch_ids BIGINT[], $telling VARCHAR, $saying VARCHAR, $plain_keys VARCHAR[], $vague_keys VARCHAR[],
--          $said_keys VARCHAR[], $pair VARCHAR, $vague_pair VARCHAR, $spoken VARCHAR, $sent VARCHAR, $heard VARCHAR,
--          $marked VARCHAR, $alone VARCHAR, $headed VARCHAR, $shaped VARCHAR, $name VARCHAR, $several_words VARCHAR,
--          $numbered VARCHAR, $technical VARCHAR, $no_deed VARCHAR, $no_shape VARCHAR, $no_sentence VARCHAR,
--          $beside VARCHAR, $no_events VARCHAR[], $field VARCHAR, $no_fields VARCHAR[], $empty VARCHAR[]
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
        and (
            regexp_matches(message, $telling)
            or regexp_matches(payload, $telling)
            or regexp_matches(message, $saying)
        )
),
held as (
    select
        lines.*,
        case
            when is_json then payload
            when regexp_matches(message, '\{\s*"') then list_filter(
                [regexp_extract(message, '(?s)\{\s*".*\}'), regexp_extract(message, '\{\s*"[^{}]*\}')],
                lambda part: json_valid(part)
            )[1]
        end as held
    from lines
),
keyed as (
    select
        held.*,
        case when held is not null then list_filter(json_extract_string(held, $plain_keys), lambda found: regexp_matches(found, $name))[1] end as plain_name,
        case when held is not null then list_filter(json_extract_string(held, $vague_keys), lambda found: regexp_matches(found, $several_words))[1] end as vague_name,
        case
            when not regexp_matches(message, '\A\s*\{') then message
            when held is not null then list_filter(json_extract_string(held, $said_keys), lambda found: found is not null)[1]
        end as said
    from held
),
clear as (
    select
        keyed.*,
        coalesce(plain_name, nullif(regexp_extract(message, $pair, 1), ''), vague_name, nullif(regexp_extract(message, $vague_pair, 1), '')) as named
    from keyed
),
spoken as (
    select
        clear.*,
        case
            when named is null then coalesce(
                nullif(regexp_extract(said, $spoken, 1), ''),
                nullif(regexp_extract(said, $sent, 1), ''),
                nullif(regexp_extract(said, $heard, 1), ''),
                nullif(regexp_extract(said, $marked, 1), ''),
                nullif(regexp_extract(said, $alone, 1), ''),
                nullif(regexp_extract(said, $headed, 1), '')
            )
        end as sentence,
        case when named is null and sentence is null then list_distinct(regexp_extract_all(said, $shaped, 1)) end as shaped
    from clear
),
named as (
    select
        spoken.*,
        coalesce(named, sentence, case when len(shaped) = 1 and not regexp_matches(shaped[1], $no_shape) then shaped[1] end) as event
    from spoken
),
told as (
    select
        named.*,
        -- of a plain line what stands from the name on: what the logger writes comes before
        case
            when is_json or plain_name is not null or vague_name is not null then held
            else substr(message, greatest(strpos(message, event), 1))
        end as text
    from named
    where
        event is not null
        and length(event) between 3 and 80
        and not regexp_matches(event, $numbered)
        and not regexp_matches(event, $technical)
        and not list_contains($no_events, lower(event))
        and event <> service
        and event is distinct from logger
        and (
            named is not null
            or not (
                regexp_matches(event, $no_deed)
                or regexp_matches(replace(said, event, chr(1)), $no_sentence)
                or regexp_matches(replace(said, event, chr(1)), $beside)
            )
        )
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
