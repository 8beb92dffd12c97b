-- name:    find_entries
-- about:   entries by their ids in a span of time, as they are shown: with the beginning of what they say
-- params:  $project VARCHAR, $insert_ids VARCHAR[], $start_ns BIGINT, $end_ns BIGINT, $most BIGINT
-- columns: insert_id VARCHAR, at_ns BIGINT, revision VARCHAR, log VARCHAR, severity UTINYINT, trace VARCHAR, text VARCHAR

select
    insert_id,
    at_ns,
    revision,
    log,
    severity,
    trace,
    substr(
        coalesce(
            message,
            case
                when http_status is not null
                    then concat_ws(' ', http_method, http_path, 'answered', http_status::varchar)
            end,
            payload,
            ''
        ),
        1,
        $most
    ) as text
from entries
where
    at_ns >= $start_ns
    and at_ns < $end_ns
    and project = $project
    and insert_id in (select unnest($insert_ids::varchar[]))
order by at_ns, insert_id
