-- name:    count_claimed_latency
-- about:   how long requests of a time took, of one path, of some services or revisions where they are given: the
--          50th, 75th, 90th, 95th and 99th percentile in nanoseconds of all, and of those that were answered below 500.
--          Entries received after $now_ns do not count
-- params:  $start_ns BIGINT, $end_ns BIGINT, $now_ns BIGINT, $path VARCHAR, $services VARCHAR[], $revisions VARCHAR[]
-- columns: requests BIGINT, every DOUBLE[], well DOUBLE[], insert_ids VARCHAR[]

select
    count(*) as requests,
    quantile_cont(latency_ns, [0.5, 0.75, 0.9, 0.95, 0.99]) as every,
    quantile_cont(latency_ns, [0.5, 0.75, 0.9, 0.95, 0.99]) filter (where http_status < 500) as well,
    arg_max(insert_id, latency_ns, 5) as insert_ids
from entries
where
    at_ns >= $start_ns
    and at_ns < $end_ns
    and (received_at_ns is null or received_at_ns < $now_ns)
    and latency_ns is not null
    and ($path::varchar is null or http_path ilike $path escape '\')
    and ($services::varchar[] is null or service in (select unnest($services::varchar[])))
    and ($revisions::varchar[] is null or revision in (select unnest($revisions::varchar[])))
