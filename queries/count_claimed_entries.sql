-- name:    count_claimed_entries
-- about:   entries of a time by service and revision that say a text (a pattern of LIKE, in any case), that are requests
--          answered with a status from $low to $high, of a path, of a severity or of some ids; a parameter that is null
--          asks for nothing. With the first and the last of them. Entries received after $now_ns do not count
-- params:  $start_ns BIGINT, $end_ns BIGINT, $now_ns BIGINT, $pattern VARCHAR, $low SMALLINT, $high SMALLINT,
--          $path VARCHAR, $severity UTINYINT, $insert_ids VARCHAR[]
-- columns: project VARCHAR, service VARCHAR, revision VARCHAR, entries BIGINT, requests BIGINT, first_ns BIGINT,
--          last_ns BIGINT, insert_ids VARCHAR[], traces VARCHAR[]

select
    project,
    service,
    revision,
    count(*) as entries,
    count(distinct coalesce(trace, insert_id)) as requests,
    min(at_ns) as first_ns,
    max(at_ns) as last_ns,
    arg_min(insert_id, at_ns, 5) as insert_ids,
    arg_min(trace, at_ns, 5) as traces
from entries
where
    at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $now_ns)
    and (
        $pattern::varchar is null
        or message ilike $pattern escape '\'
        or payload ilike $pattern escape '\'
    )
    and ($low::smallint is null or http_status between $low and $high)
    and ($path::varchar is null or http_path ilike $path escape '\')
    and ($severity::utinyint is null or severity >= $severity)
    and ($insert_ids::varchar[] is null or insert_id in (select unnest($insert_ids::varchar[])))
group by project, service, revision
order by project, service, revision
