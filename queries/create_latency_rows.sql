-- name:    create_latency_rows
-- about:   for the reader that asks alone: how long requests took that were answered well, a row each, by numbers: requests
--          of the platform's log, of services that log at least half as many as they have server spans, and latency_spans.
--          Left out: health checks, scanners, answers from 400 on, upgrades, traces in which anything failed or was turned
--          away, and what began before an instance had answered once. `key` is that of request_rows; `pair` is
--          `place` times 2^32 and `path` of those, of spans that of latency_spans. Needs create_latency_spans, create_latency_failed
--          and create_latency_answered; nothing is kept of it: millions of rows are counted as they pass
-- params:
-- columns:

create or replace temp view latency_rows as
with logged as (
    select places.id
    from request_places as places
    left join latency_sources as sources
        on places.service = sources.service
    where places.service <> '' and (sources.service is null or 2 * sources.logged >= sources.spans)
),
timed as (
    select
        false as is_span,
        (cast(place as ubigint) << 32) + cast(path as ubigint) as pair,
        origin,
        writer,
        key,
        is_traced,
        at_ns,
        latency_ns as duration_ns
    from request_rows
    where
        latency_ns > 0
        and http_status between 102 and 399
        and origin not in ('scanners', 'health_checks')
        and path not in (select number from origin_routes where is_health or is_odd)
        and place in (select id from logged)
    union all
    select
        true as is_span,
        pair,
        origin,
        writer,
        key,
        true as is_traced,
        at_ns,
        duration_ns
    from latency_spans
)
select
    timed.is_span,
    timed.pair,
    timed.origin,
    timed.key,
    timed.at_ns,
    timed.duration_ns
from timed
left join latency_answered as answered
    on timed.writer = answered.writer
where
    (answered.warm_ns is null or timed.at_ns >= answered.warm_ns)
    and (not timed.is_traced or timed.key not in (select key from latency_failed))
