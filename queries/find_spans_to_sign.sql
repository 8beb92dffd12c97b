-- name:    find_spans_to_sign
-- about:   the spans of batches that tell of a failure: of status error, or a server's that answered 5xx. What a service
--          answers with 4xx is its caller's mistake. `text` is what was thrown, else what the status says; null of a
--          request that was answered 5xx without a word. In the order of time
-- params:  $batch_ids BIGINT[]
-- columns: trace VARCHAR, span VARCHAR, parent_span VARCHAR, project VARCHAR, service VARCHAR, revision VARCHAR,
--          instance VARCHAR, name VARCHAR, kind UTINYINT, start_ns BIGINT, at_ns BIGINT, received_at_ns BIGINT,
--          severity UTINYINT, http_method VARCHAR, http_path VARCHAR, http_status SMALLINT, text VARCHAR,
--          peer_service VARCHAR, batch_id BIGINT

select
    trace,
    span,
    parent_span,
    project,
    service,
    revision,
    instance,
    name,
    kind,
    start_ns,
    start_ns + coalesce(duration_ns, 0) as at_ns,
    received_at_ns,
    -- what a callee refuses is a failure only where the caller's own request fails of it
    cast(case when kind in (3, 4) and exception is null and http_status between 400 and 499 then 13 else 17 end as utinyint)
        as severity,
    http_method,
    coalesce(http_path, http_route) as http_path,
    http_status,
    case
        when exception is not null then exception
        when kind = 2 and http_status >= 500 then null
        else concat(
            name,
            case
                when peer_service is not null and not contains(name, peer_service) then concat(' of ', peer_service)
                else ''
            end,
            ': ',
            coalesce(
                nullif(status_message, ''),
                case when regexp_full_match(error_type, '\d+') then null else nullif(error_type, '') end,
                'answered ' || http_status,
                'failed'
            )
        )
    end as text,
    peer_service,
    batch_id
from spans
where
    batch_id in (select unnest($batch_ids::bigint[]))
    and service <> ''
    and (status = 2 or (kind = 2 and http_status >= 500))
    and not (kind = 2 and coalesce(http_status, 0) between 400 and 499)
order by at_ns, trace, span
