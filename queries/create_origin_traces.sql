-- name:    create_origin_traces
-- about:   for the reader that asks alone: what traces of a time say of who asked. `declared`: by OpenTelemetry's
--          synthetic type, a header, baggage, an account, in a span or a line; `entered`: by user agent and path of the
--          server span that came first, where those of a request line are not known. Needs create_origin_agents and
--          create_origin_paths
-- params:  $start_ns BIGINT, $end_ns BIGINT, $mark VARCHAR, $account VARCHAR, $named_account VARCHAR
-- columns:

create or replace temp table origin_traces as
with asked as (
    select
        spans.trace,
        spans.start_ns,
        spans.span,
        spans.kind,
        spans.synthetic,
        lower(regexp_extract(spans.attributes, $mark, 1)) as mark,
        regexp_matches(spans.attributes, $account) as is_account,
        agents.agent,
        paths.is_health,
        paths.is_odd and spans.http_status between 400 and 499 as is_odd,
        paths.is_test
    from spans
    left join origin_agents as agents
        on coalesce(spans.user_agent, '') = agents.user_agent
    left join origin_paths as paths
        on coalesce(spans.http_path, spans.http_route, '') = paths.path
    where
        spans.start_ns >= $start_ns
        and spans.start_ns < $end_ns
        and (spans.kind in (2, 5) or spans.parent_span = '' or spans.synthetic is not null)
),
said as (
    select
        trace,
        case
            when synthetic = 'test' or is_account
                or (mark <> '' and mark not in ('false', '0', 'no', 'off', 'none', 'null')) then 'tests'
            when synthetic = 'bot' and is_health then 'health_checks'
            when synthetic = 'bot' then 'scanners'
        end as declared,
        start_ns,
        span,
        kind,
        case
            when agent in ('tests', 'scanners') then agent
            when is_test then 'tests'
            when is_odd then 'scanners'
            when agent = 'health_checks' then agent
            when is_health and agent = 'unknown' then 'health_checks'
            else agent
        end as entered
    from asked
),
told as (
    select
        trace,
        min(declared) filter (where declared = 'tests') as tests,
        min(declared) as declared,
        min({'start_ns': start_ns, 'span': span, 'entered': entered}) filter (where kind in (2, 5)) as first
    from said
    group by trace
),
lines as (
    select distinct trace
    from entries
    where
        trace is not null
        and log <> 'requests'
        and at_ns >= $start_ns
        and at_ns < $end_ns
        and (received_at_ns is null or received_at_ns < $end_ns)
        and $named_account <> '[^\s\S]'  -- nobody is named: texts of millions of lines are not read
        and regexp_matches(coalesce(message, '') || coalesce(payload, ''), $named_account)
)
select
    coalesce(told.trace, lines.trace) as trace,
    cast(
        case when lines.trace is not null then 'tests' else coalesce(told.tests, told.declared) end
        as sender
    ) as declared,
    cast(nullif(told.first.entered, 'unknown') as sender) as entered
from told
full join lines using (trace)
where
    lines.trace is not null
    or told.declared is not null
    or coalesce(told.first.entered, 'unknown') <> 'unknown'
