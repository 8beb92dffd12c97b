-- name:    find_hung_requests
-- about:   the requests of some routes, and the calls, whose time lies between two bounds (see count_long_requests);
--          `trace` is `request:` and the id of the line where a request has none; `answered_ns` is how long the called
--          service took to answer, by its own span or request line
-- params:  $start_ns BIGINT, $end_ns BIGINT, $sources VARCHAR[], $services VARCHAR[], $routes VARCHAR[], $lows BIGINT[],
--          $highs BIGINT[], $variable_parts VARCHAR
-- columns: source VARCHAR, project VARCHAR, service VARCHAR, route VARCHAR, revision VARCHAR, at_ns BIGINT,
--          took_ns BIGINT, trace VARCHAR, insert_id VARCHAR, http_status SMALLINT, answered_ns BIGINT

with asked as (
    select
        unnest($sources::varchar[]) as source,
        unnest($services::varchar[]) as service,
        unnest($routes::varchar[]) as route,
        unnest($lows::bigint[]) as low_ns,
        unnest($highs::bigint[]) as high_ns
),
lines as (
    select
        'requests' as source,
        project,
        service,
        coalesce(http_method, '') || ' ' || regexp_replace(coalesce(http_path, ''), $variable_parts, '/*', 'g') as route,
        revision,
        at_ns,
        latency_ns as took_ns,
        coalesce(trace, 'request:' || insert_id) as trace,
        '' as span,
        insert_id,
        http_status
    from entries
    where
        log = 'requests'
        and service in (select service from asked where source = 'requests')
        and latency_ns >= (select min(low_ns) from asked)
        and coalesce(http_status, 0) <> 101
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
),
long_spans as (
    select
        case when kind = 3 then 'calls' else 'spans' end as source,
        '' as project,
        service,
        case
            when kind = 3 then name || case when coalesce(peer_service, '') = '' then '' else ' of ' || peer_service end
            when http_route is null then regexp_replace(name, $variable_parts, '/*', 'g')
            else coalesce(http_method, '') || ' ' || regexp_replace(http_route, $variable_parts, '/*', 'g')
        end as route,
        revision,
        start_ns as at_ns,
        duration_ns as took_ns,
        trace,
        span,
        cast(null as varchar) as insert_id,
        http_status
    from spans_by_revision
    where
        kind in (2, 3)
        and service in (select service from asked where source <> 'requests')
        and duration_ns >= (select min(low_ns) from asked)
        and coalesce(http_status, 0) <> 101
        and start_ns >= $start_ns
        and start_ns < $end_ns
),
hung as (
    select taken.*
    from (select * from lines union all select * from long_spans) as taken
    join asked
        on
            taken.source = asked.source
            and taken.service = asked.service
            and taken.route = asked.route
            and taken.took_ns between asked.low_ns and asked.high_ns
),
answers as (
    select
        hung.trace,
        hung.span,
        max(coalesce(answer.duration_ns, hung.took_ns)) as answered_ns
    from hung
    join spans_by_revision as answer
        on hung.trace = answer.trace and hung.span = answer.parent_span and hung.service <> answer.service
    where hung.source = 'calls'
    group by hung.trace, hung.span
)
select
    hung.source,
    hung.project,
    hung.service,
    hung.route,
    hung.revision,
    hung.at_ns,
    hung.took_ns,
    hung.trace,
    hung.insert_id,
    hung.http_status,
    answers.answered_ns
from hung
left join answers
    on hung.trace = answers.trace and hung.span = answers.span
order by hung.source, hung.service, hung.route, hung.at_ns, hung.trace, hung.insert_id
