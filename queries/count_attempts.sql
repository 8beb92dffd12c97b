-- name:    count_attempts
-- about:   requests of a service since an instant, by project and revision: how many, how many of them failed (answered with
--          one of $statuses, or of a signature that begins so), and how many took longer than $limit_ns. A route is a pattern
--          of method and path; a parameter that is null asks for nothing. With the last failure
-- params:  $start_ns BIGINT, $end_ns BIGINT, $service VARCHAR, $route VARCHAR, $statuses SMALLINT[], $signature VARCHAR,
--          $limit_ns BIGINT
-- columns: project VARCHAR, revision VARCHAR, attempts BIGINT, failed BIGINT, slow BIGINT, last_failed_ns BIGINT

with asked as (
    select
        project,
        revision,
        at_ns,
        latency_ns,
        http_status,
        coalesce(trace, insert_id) as key
    from entries
    where
        log = 'requests'
        and service = $service
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and (
            $route::varchar is null
            or regexp_full_match(coalesce(http_method, '') || ' ' || coalesce(http_path, ''), $route)
        )
),
signed as (
    select distinct coalesce(trace, insert_ids[1]) as key
    from occurrences
    where
        $signature::varchar is not null
        and service = $service
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and starts_with(signature_id, $signature)
),
judged as (
    select
        asked.project,
        asked.revision,
        asked.at_ns,
        asked.latency_ns,
        coalesce(
            ($statuses::smallint[] is not null and asked.http_status in (select unnest($statuses::smallint[])))
            or signed.key is not null,
            false
        ) as is_failed
    from asked
    left join signed
        on asked.key = signed.key
)
select
    project,
    revision,
    count(*) as attempts,
    count(*) filter (where is_failed) as failed,
    count(*) filter (where latency_ns > $limit_ns::bigint) as slow,
    max(at_ns) filter (where is_failed) as last_failed_ns
from judged
group by project, revision
order by project, revision
