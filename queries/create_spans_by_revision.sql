-- name:    create_spans_by_revision
-- about:   for the reader that asks alone: the view spans_by_revision with the spans that began in [start_ns, end_ns)
--          and were received before its end, each with the revision that made it as
--          `revision`, what its resource tells as `revision_told`, and in `revision_by` how it is known: `own`, told and
--          known as a revision of the service, or of the form of one; `instance`, what its instance wrote or told
--          elsewhere; `request`, what the service wrote in the same trace; and weaker: `minute`, the revision that wrote
--          most in that minute or the last one before it; `told`, a version that is not known as a revision; '' nothing
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns:

set variable spans_start_ns = $start_ns::bigint;

set variable spans_end_ns = $end_ns::bigint;

create or replace temp table span_revisions as
with told as (
    select distinct
        service,
        revision
    from spans
    where
        revision <> ''
        and start_ns >= getvariable('spans_start_ns')
        and start_ns < getvariable('spans_end_ns')
),
known as (
    select distinct
        service,
        revision
    from entries
    where
        service in (select service from told)
        and revision <> ''
        and at_ns >= getvariable('spans_start_ns')
        and at_ns < getvariable('spans_end_ns')
        and (received_at_ns is null or received_at_ns < getvariable('spans_end_ns'))
    union
    select
        service,
        revision
    from facts
    where
        service in (select service from told)
        and revision <> ''
        and at_ns < getvariable('spans_end_ns')
)
select
    hash(told.service, told.revision) as key,
    told.revision
from told
where
    (told.service, told.revision) in (select (service, revision) from known)
    or (
        starts_with(told.revision, regexp_replace(told.service, ' \([^()]*\)$', '') || '-')
        and (
            regexp_matches(told.revision, '-[0-9]{5}-[a-z0-9]{3}$')
            or told.service not in (select service from known)
        )
    );

-- hashes of names in place of names, and `not in` in place of anti joins, which DuckDB may build of the larger side: the
-- traces of a million spans stay within the memory of a store
create or replace temp table open_spans as
select distinct
    service,
    case when instance <> '' then hash(service, instance) end as instance_key,
    hash(service, trace) as trace_key,
    start_ns // 60_000_000_000 as minute
from spans
where
    service <> ''
    and hash(service, revision) not in (select key from span_revisions)
    and start_ns >= getvariable('spans_start_ns')
    and start_ns < getvariable('spans_end_ns');

create or replace temp table span_instances as
with said as (
    select distinct
        hash(service, instance) as key,
        revision
    from entries
    where
        instance <> ''
        and revision <> ''
        and hash(service, instance) in (select instance_key from open_spans)
        and at_ns >= getvariable('spans_start_ns')
        and at_ns < getvariable('spans_end_ns')
        and (received_at_ns is null or received_at_ns < getvariable('spans_end_ns'))
    union
    select distinct
        hash(service, instance) as key,
        revision
    from spans
    where
        instance <> ''
        and hash(service, instance) in (select instance_key from open_spans)
        and hash(service, revision) in (select key from span_revisions)
        and start_ns >= getvariable('spans_start_ns')
        and start_ns < getvariable('spans_end_ns')
)
select
    key,
    min(revision) as revision
from said
group by key
having count(*) = 1;

create or replace temp table span_traces as
select
    hash(service, trace) as key,
    min(revision) as revision
from entries
where
    service <> ''
    and trace is not null
    and revision <> ''
    and hash(service, trace) in (
        select trace_key
        from open_spans
        where coalesce(instance_key, 0) not in (select key from span_instances)
    )
    and at_ns >= getvariable('spans_start_ns')
    and at_ns < getvariable('spans_end_ns')
    and (received_at_ns is null or received_at_ns < getvariable('spans_end_ns'))
group by hash(service, trace)
having min(revision) = max(revision);

create or replace temp table span_minutes as
with open_minutes as (
    select distinct
        service,
        minute
    from open_spans
    where
        coalesce(instance_key, 0) not in (select key from span_instances)
        and trace_key not in (select key from span_traces)
),
written as (
    select
        service,
        revision,
        at_ns // 60_000_000_000 as minute,
        count(*) as many
    from entries
    where
        service in (select service from open_minutes)
        and revision <> ''
        and at_ns >= getvariable('spans_start_ns')
        and at_ns < getvariable('spans_end_ns')
        and (received_at_ns is null or received_at_ns < getvariable('spans_end_ns'))
    group by service, revision, at_ns // 60_000_000_000
),
leaders as (
    select
        service,
        minute,
        arg_max(revision, (many, revision)) as revision
    from written
    group by service, minute
)
select
    open_minutes.service,
    open_minutes.minute,
    leaders.revision
from open_minutes
asof join leaders
    on open_minutes.service = leaders.service and open_minutes.minute >= leaders.minute;

create or replace temp view spans_by_revision as
select
    kept.* replace (
        coalesce(
            span_revisions.revision, span_instances.revision, span_traces.revision, span_minutes.revision, kept.revision
        ) as revision
    ),
    kept.revision as revision_told,
    case
        when span_revisions.revision is not null then 'own'
        when span_instances.revision is not null then 'instance'
        when span_traces.revision is not null then 'request'
        when span_minutes.revision is not null then 'minute'
        when kept.revision <> '' then 'told'
        else ''
    end as revision_by
from spans as kept
left join span_revisions
    on hash(kept.service, kept.revision) = span_revisions.key
left join span_instances
    on hash(kept.service, kept.instance) = span_instances.key
left join span_traces
    on hash(kept.service, kept.trace) = span_traces.key
left join span_minutes
    on kept.service = span_minutes.service and kept.start_ns // 60_000_000_000 = span_minutes.minute
where
    kept.start_ns >= getvariable('spans_start_ns')
    and kept.start_ns < getvariable('spans_end_ns')
    and (kept.received_at_ns is null or kept.received_at_ns < getvariable('spans_end_ns'));
