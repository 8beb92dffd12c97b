-- name:    find_entries_to_sign
-- about:   entries that are signed together, in no order: of the fresh ones, those of batches in [from_ns, until_ns), all
--          that tell of a failure (`is_hit`); and every run of text lines, fresh or stored before, that holds a hit
--          and comes into a second in which its stream has a fresh line. A run ends where its stream is silent for
--          more than 50 ms; a second without such a silence is parted at its longest one: so a run comes into two
--          seconds at most, and what is in it is settled by these two, whatever else is stored. `run` names it; null
--          of what no line goes on. Lines of crowded seconds are runs of their own; of crossed ones those signed
--          before are read again. Streams are known by their hash
-- params:  $batch_ids BIGINT[], $rules INTEGER, $from_ns BIGINT, $until_ns BIGINT, $crowded_streams UBIGINT[],
--          $crowded_seconds BIGINT[], $crossed_streams UBIGINT[], $crossed_seconds BIGINT[]
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, instance VARCHAR, log VARCHAR, insert_id VARCHAR,
--          at_ns BIGINT, severity UTINYINT, message VARCHAR, logger VARCHAR, payload VARCHAR, http_method VARCHAR,
--          http_path VARCHAR, http_status SMALLINT, trace VARCHAR, batch_id BIGINT, is_hit BOOLEAN, run UBIGINT

with crowded as (
    select
        unnest($crowded_streams::ubigint[]) as stream,
        unnest($crowded_seconds::bigint[]) as second
),
crossed as (
    select
        unnest($crossed_streams::ubigint[]) as stream,
        unnest($crossed_seconds::bigint[]) as second
),
fresh as (
    select
        rowid as place,
        hash(project, service, revision, instance, log) as stream,
        at_ns // 1_000_000_000 as second,
        http_status is null and payload is null and log not in ('varlog/system', 'activity', 'system_event') as is_line,
        at_ns,
        log,
        severity,
        http_status,
        message
    from entries
    where batch_id in (select unnest($batch_ids::bigint[])) and at_ns >= $from_ns and at_ns < $until_ns
),
core as (
    select
        stream,
        second
    from fresh
    where is_line
    union
    select
        stream,
        unnest([second - 1, second, second + 1]) as second
    from crossed
),
reach as (
    select distinct
        stream,
        unnest([second - 1, second, second + 1]) as second
    from core
),
stored as (
    select
        rowid as place,
        hash(project, service, revision, instance, log) as stream,
        at_ns // 1_000_000_000 as second,
        at_ns,
        log,
        severity,
        message,
        batch_id in (select batch_id from signed where rules = $rules) as is_signed
    from entries
    where
        at_ns >= $from_ns - 3_000_000_000
        and at_ns < $until_ns + 3_000_000_000
        and (at_ns < $from_ns or at_ns >= $until_ns or batch_id not in (select unnest($batch_ids::bigint[])))
        and http_status is null
        and payload is null
        and log not in ('varlog/system', 'activity', 'system_event')
),
candidates as (
    select
        place,
        stream,
        second,
        is_line,
        at_ns,
        log,
        severity,
        http_status,
        message
    from fresh
    union all
    select
        place,
        stream,
        second,
        true as is_line,
        at_ns,
        log,
        severity,
        null as http_status,
        message
    from stored
    semi join reach using (stream, second)
    where
        (stream, second) not in (select (stream, second) from crowded)
        or (is_signed and (stream, second) in (select (stream, second) from crossed))
),
marked as materialized (
    select
        place,
        stream,
        second,
        is_line,
        at_ns,
        coalesce(
            case
                when http_status is not null then http_status >= 400 or severity >= 17
                when severity >= 13 then true
                when message is null then false
                -- of a level that says all is well, or of none: only what no healthy line holds
                when regexp_matches(message, '(^|\n)Traceback \(most recent call last\)|^panic: |^goroutine \d+ \[|^[\w.$]+(Error|Exception|Panic)(: |$)|During handling of the above exception|^Unhandled |^Uncaught |^thread ''[^'']*'' panicked at|^[^\s:]+:\d+: \w+Warning: |^[^\s:]+:\d+:in [`''].*\([\w:]+\)$') then true
                when regexp_matches(message, '[^\d.][45]\d\d (Bad Request|Unauthorized|Forbidden|Not Found|Method Not|Conflict|Unprocessable|Too Many|Internal Server|Not Implemented|Bad Gateway|Service Unavailable|Gateway Time)|[ (:][45]\d\d: [A-Z]|(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|WebSocket) /[^\n]*[ =]"?[45]\d\d(\s|$)|path="?/[^\n]*status"?[=:] ?"?[45]\d\d') then true
                when log = 'varlog/system' then regexp_matches(message, 'exit\([1-9]|(?i)\b(failed|exceeded|terminated|signal|crash)')
                when severity = 0 then regexp_matches(message, '(?-i:^[^\n]{0,160}\b(WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL)\b)|(?i)\b(failed|failure|fatal|panic|exception|traceback|crashed|aborted|killed|segfault|denied|refused|timed out|unhandled|unreachable|unable to|could not|cannot|can''t)\b|\berrors?[:=\]]|^error\b|\berror (in|while|on|at|from|during|when|occurred|\d)')
                else false
            end,
            false
        ) as is_hit
    from candidates
),
around as (
    select distinct
        stream,
        unnest([second - 1, second, second + 1]) as second
    from marked
    where is_hit and is_line
),
lines as (
    select
        place,
        stream,
        second,
        at_ns,
        is_hit,
        at_ns - lag(at_ns) over (partition by stream order by at_ns) as gap_ns
    from marked
    semi join around using (stream, second)
    anti join crowded using (stream, second)
    where is_line
),
full_seconds as (
    select
        stream,
        second,
        -- the longest silence inside the second, of equal ones the first
        max(least(gap_ns, 50_000_001) * 1_000_000_000 + (second + 1) * 1_000_000_000 - at_ns) filter (
            where at_ns - gap_ns >= second * 1_000_000_000
        ) as longest
    from lines
    group by stream, second
    having
        min(at_ns) <= second * 1_000_000_000 + 50_000_000
        and max(at_ns) >= (second + 1) * 1_000_000_000 - 50_000_000
        and max(gap_ns) filter (where at_ns - gap_ns >= second * 1_000_000_000) <= 50_000_000
),
parted as (
    select
        lines.place,
        lines.stream,
        lines.second,
        lines.is_hit,
        sum(
            case
                when gap_ns <= 50_000_000
                    and at_ns is distinct from (lines.second + 1) * 1_000_000_000 - longest % 1_000_000_000
                    then 0
                else 1
            end
        ) over (partition by lines.stream order by at_ns range unbounded preceding) as number
    from lines
    left join full_seconds
        on lines.stream = full_seconds.stream and lines.second = full_seconds.second
),
kept as (
    select
        parted.stream,
        number
    from parted
    left join core
        on parted.stream = core.stream and parted.second = core.second
    group by parted.stream, number
    having bool_or(is_hit) and bool_or(core.second is not null)
),
wanted as (
    select
        place,
        is_hit,
        hash(stream, number) as run
    from parted
    semi join kept using (stream, number)
    union all
    select
        place,
        is_hit,
        hash(place) as run
    from marked
    semi join crowded using (stream, second)
    where is_line
    union all
    select
        place,
        is_hit,
        null as run
    from marked
    where is_hit and not is_line
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
    wanted.is_hit,
    wanted.run
from wanted
inner join entries
    on entries.rowid = wanted.place
where
    entries.at_ns >= $from_ns - 3_000_000_000
    and entries.at_ns < $until_ns + 3_000_000_000
