-- name:    find_entries_to_sign
-- about:   entries of batches that may be part of a failure: `is_hit` those that tell of one themselves, the others
--          those of the same stream within a tenth of a second of a hit, for putting split events together; in no
--          order. Streams are compared by their hash: one taken for another gives too many others, which do no harm
-- params:  $batch_ids BIGINT[]
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, instance VARCHAR, log VARCHAR, insert_id VARCHAR,
--          at_ns BIGINT, severity UTINYINT, message VARCHAR, logger VARCHAR, payload VARCHAR, http_method VARCHAR,
--          http_path VARCHAR, http_status SMALLINT, trace VARCHAR, batch_id BIGINT, is_hit BOOLEAN

with marked as (
    select
        rowid as place,
        hash(service, instance, log) as stream,
        http_status,
        at_ns // 100_000_000 as tenth,
        coalesce(
            case
                when http_status is not null then http_status >= 400 or severity >= 17
                when severity >= 13 then true
                when message is null then false
                -- of a level that says all is well, or of none: only what no healthy line holds
                when regexp_matches(message, '(^|\n)Traceback \(most recent call last\)|^panic: |^goroutine \d+ \[|^[\w.$]+(Error|Exception|Panic)(: |$)|During handling of the above exception|^Unhandled |^Uncaught ') then true
                when regexp_matches(message, '[^\d.][45]\d\d (Bad Request|Unauthorized|Forbidden|Not Found|Method Not|Conflict|Unprocessable|Too Many|Internal Server|Not Implemented|Bad Gateway|Service Unavailable|Gateway Time)|[ (:][45]\d\d: [A-Z]|(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|WebSocket) /[^\n]*[ =]"?[45]\d\d(\s|$)|path="?/[^\n]*status"?[=:] ?"?[45]\d\d') then true
                when log = 'varlog/system' then regexp_matches(message, 'exit\([1-9]|(?i)\b(failed|exceeded|terminated|signal|crash)')
                when severity = 0 then regexp_matches(message, '(?-i:^[^\n]{0,160}\b(WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL)\b)|(?i)\b(failed|failure|fatal|panic|exception|traceback|crashed|aborted|killed|segfault|denied|refused|timed out|unhandled|unreachable|unable to|could not|cannot|can''t)\b|\berrors?[:=\]]|^error\b|\berror (in|while|on|at|from|during|when|occurred|\d)')
                else false
            end,
            false
        ) as is_hit
    from entries
    where batch_id in (select unnest($batch_ids::bigint[]))
),
streams as (
    select distinct
        stream,
        unnest([tenth - 1, tenth, tenth + 1]) as tenth
    from marked
    where is_hit and http_status is null
),
wanted as (
    select place, is_hit
    from marked
    where is_hit
    union all
    select place, is_hit
    from marked
    semi join streams using (stream, tenth)
    where not is_hit and http_status is null
)
select
    entries.project,
    entries.service,
    entries.revision,
    entries.instance,
    entries.log,
    entries.insert_id,
    entries.at_ns,
    entries.severity,
    entries.message,
    entries.logger,
    entries.payload,
    entries.http_method,
    entries.http_path,
    entries.http_status,
    entries.trace,
    entries.batch_id,
    wanted.is_hit
from wanted
inner join entries on entries.rowid = wanted.place
