-- name:    parse_entries
-- about:   columns of raw LogEntry texts; reads the relation `records` (place, raw) that the caller registers.
--          a text that is no JSON object gives a row with reason set and everything else null
-- params:
-- columns: place BIGINT, reason VARCHAR, insert_id VARCHAR, log_name VARCHAR, stamp VARCHAR, at_ns BIGINT,
--          received_at_ns BIGINT, severity VARCHAR, resource_type VARCHAR, project VARCHAR, location VARCHAR,
--          service VARCHAR, revision VARCHAR, instance VARCHAR, text VARCHAR, message VARCHAR, level VARCHAR,
--          logger VARCHAR, payload VARCHAR, is_audit BOOLEAN, http_method VARCHAR, http_url VARCHAR,
--          http_status SMALLINT, latency_ns BIGINT, user_agent VARCHAR, remote_ip VARCHAR, trace VARCHAR,
--          span VARCHAR, error_group VARCHAR

with shaped as (
    select
        place,
        prefix(raw, '{') or regexp_matches(raw, '^\s*\{') as is_object,
        case when is_object then try(from_json(raw, '{
            "insertId": "VARCHAR", "logName": "VARCHAR", "timestamp": "VARCHAR", "receiveTimestamp": "VARCHAR",
            "severity": "VARCHAR", "textPayload": "VARCHAR", "jsonPayload": "JSON", "trace": "VARCHAR",
            "spanId": "VARCHAR", "protoPayload": {"@type": "VARCHAR", "methodName": "VARCHAR"},
            "httpRequest": {"requestMethod": "VARCHAR", "requestUrl": "VARCHAR", "status": "VARCHAR",
                            "latency": "VARCHAR", "userAgent": "VARCHAR", "remoteIp": "VARCHAR"},
            "resource": {"type": "VARCHAR",
                         "labels": {"project_id": "VARCHAR", "location": "VARCHAR", "service_name": "VARCHAR",
                                    "revision_name": "VARCHAR", "job_name": "VARCHAR", "region": "VARCHAR",
                                    "service": "VARCHAR", "function_name": "VARCHAR"}},
            "labels": {"instanceId": "VARCHAR"},
            "errorGroups": [{"id": "VARCHAR"}]}')) end as entry,
        raw
    from records
),
flat as (
    select
        place,
        case
            when entry is not null then null
            when json_valid(raw) then 'not a JSON object'
            else 'not JSON'
        end as reason,
        entry.insertId as insert_id,
        entry.logName as log_name,
        entry.timestamp as stamp,
        -- the cast ignores an offset: a time that is not written in UTC is read a second time
        case
            when suffix(entry.timestamp, 'Z') or suffix(entry.timestamp, '+00:00')
                then epoch_ns(try_cast(entry.timestamp as timestamp_ns))
        end as at_ns,
        case
            when suffix(entry.receiveTimestamp, 'Z') or suffix(entry.receiveTimestamp, '+00:00')
                then epoch_ns(try_cast(entry.receiveTimestamp as timestamp_ns))
        end as received_at_ns,
        entry.severity as severity,
        entry.resource.type as resource_type,
        entry.resource.labels as resource,
        entry.labels.instanceId as instance,
        entry.textPayload as text,
        case when prefix(entry.jsonPayload, '{') then entry.jsonPayload end as payload,
        entry.httpRequest as request,
        entry.protoPayload is not null as is_proto,
        entry.trace as trace,
        entry.spanId as span,
        entry.errorGroups[1].id as error_group
    from shaped
),
told as (
    select
        *,
        case when payload is not null then from_json(payload, '{
            "message": "VARCHAR", "msg": "VARCHAR", "textPayload": "VARCHAR", "text": "VARCHAR", "log": "VARCHAR",
            "body": "VARCHAR", "event": "VARCHAR",
            "severity": "VARCHAR", "level": "VARCHAR", "levelname": "VARCHAR", "log_level": "VARCHAR",
            "loglevel": "VARCHAR", "lvl": "VARCHAR",
            "logger": "VARCHAR", "logger_name": "VARCHAR", "loggerName": "VARCHAR", "name": "VARCHAR",
            "caller": "VARCHAR", "context": {"name": "VARCHAR"},
            "labels": {"module": "VARCHAR", "function": "VARCHAR"},
            "logging.googleapis.com/trace": "VARCHAR", "trace_id": "VARCHAR", "traceId": "VARCHAR",
            "otelTraceID": "VARCHAR", "trace": "VARCHAR", "logging.googleapis.com/spanId": "VARCHAR",
            "span_id": "VARCHAR", "spanId": "VARCHAR", "otelSpanID": "VARCHAR", "traceparent": "VARCHAR",
            "@type": "VARCHAR"}') end as said
    from flat
)
select
    place,
    reason,
    insert_id,
    log_name,
    stamp,
    at_ns,
    received_at_ns,
    severity,
    resource_type,
    resource.project_id as project,
    coalesce(resource.location, resource.region) as location,
    coalesce(resource.service_name, resource.job_name, resource.function_name, resource.service) as service,
    resource.revision_name as revision,
    instance,
    text,
    coalesce(said.message, said.msg, said.textPayload, said.text, said.log, said.body, said.event) as message,
    coalesce(said.severity, said.level, said.levelname, said.log_level, said.loglevel, said.lvl) as level,
    coalesce(
        said.labels.module || ':' || said.labels.function, said.logger, said.logger_name, said.loggerName,
        said.context.name, said.name, said.labels.module, said.caller
    ) as logger,
    cast(payload as varchar) as payload,
    is_proto or coalesce(contains(said."@type", 'AuditLog') or ends_with(said."@type", 'ResourceMaintenanceLog'), false)
        as is_audit,
    request.requestMethod as http_method,
    request.requestUrl as http_url,
    try_cast(try_cast(request.status as double) as smallint) as http_status,
    try_cast(round(try_cast(rtrim(request.latency, 's') as double) * 1e9) as bigint) as latency_ns,
    request.userAgent as user_agent,
    request.remoteIp as remote_ip,
    coalesce(
        trace, said."logging.googleapis.com/trace", said.trace_id, said.traceId, said.otelTraceID, said.trace,
        nullif(regexp_extract(said.traceparent, '^[0-9a-fA-F]{2}-([0-9a-fA-F]{32})-', 1), '')
    ) as trace,
    coalesce(
        span, said."logging.googleapis.com/spanId", said.span_id, said.spanId, said.otelSpanID,
        nullif(regexp_extract(said.traceparent, '^[0-9a-fA-F]{2}-[0-9a-fA-F]{32}-([0-9a-fA-F]{16})', 1), '')
    ) as span,
    error_group
from told
