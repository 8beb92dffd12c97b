-- name:    create_spans_by_revision
-- about:   for the reader that asks alone: the view spans_by_revision with the spans that began in the window of the
--          relation `fresh` (start_ns, end_ns) and were received before its end, each with the revision that made it as
--          `revision`, what its resource tells as `revision_told`, and in `revision_by` how it is known: `own`, told and
--          known as a revision of the service, or of the form of one; `instance`, what its instance wrote or told
--          elsewhere; `request`, what the service wrote in the same trace; and weaker: `minute`, the revision that wrote
--          most in that minute or the last one before it; `told`, a version that is not known as a revision; '' nothing
-- params:
-- columns:

create or replace temp table span_window as
select
    start_ns,
    end_ns
from fresh;

create or replace temp table span_revisions as
with told as (
    select distinct
        service,
        revision
    from spans
    where
        revision <> ''
        and start_ns >= (select start_ns from span_window)
        and start_ns < (select end_ns from span_window)
),
known as (
    select distinct
        service,
        revision
    from entries
    where
        service in (select service from told)
        and revision <> ''
        and at_ns >= (select start_ns from span_window)
        and at_ns < (select end_ns from span_window)
        and (received_at_ns is null or received_at_ns < (select end_ns from span_window))
    union
    select
        service,
        revision
    from facts
    where
        service in (select service from told)
        and revision <> ''
        and at_ns < (select end_ns from span_window)
)
select
    told.service,
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

create or replace temp table span_instances as
with open_instances as (
    select distinct
        service,
        instance
    from spans
    anti join span_revisions using (service, revision)
    where
        instance <> ''
        and start_ns >= (select start_ns from span_window)
        and start_ns < (select end_ns from span_window)
),
said as (
    select distinct
        service,
        instance,
        revision
    from entries
    semi join open_instances using (service, instance)
    where
        revision <> ''
        and at_ns >= (select start_ns from span_window)
        and at_ns < (select end_ns from span_window)
        and (received_at_ns is null or received_at_ns < (select end_ns from span_window))
    union
    select
        service,
        instance,
        revision
    from spans
    semi join open_instances using (service, instance)
    semi join span_revisions using (service, revision)
    where
        start_ns >= (select start_ns from span_window)
        and start_ns < (select end_ns from span_window)
)
select
    service,
    instance,
    min(revision) as revision
from said
group by service, instance
having count(*) = 1;

create or replace temp table span_traces as
with open_traces as (
    select distinct
        service,
        trace
    from spans
    anti join span_revisions using (service, revision)
    anti join span_instances using (service, instance)
    where
        service <> ''
        and start_ns >= (select start_ns from span_window)
        and start_ns < (select end_ns from span_window)
)
select
    service,
    trace,
    min(revision) as revision
from entries
semi join open_traces using (service, trace)
where
    revision <> ''
    and at_ns >= (select start_ns from span_window)
    and at_ns < (select end_ns from span_window)
    and (received_at_ns is null or received_at_ns < (select end_ns from span_window))
group by service, trace
having min(revision) = max(revision);

create or replace temp table span_minutes as
with open_minutes as (
    select distinct
        service,
        start_ns // 60_000_000_000 as minute
    from spans
    anti join span_revisions using (service, revision)
    anti join span_instances using (service, instance)
    anti join span_traces using (service, trace)
    where
        service <> ''
        and start_ns >= (select start_ns from span_window)
        and start_ns < (select end_ns from span_window)
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
        and at_ns >= (select start_ns from span_window)
        and at_ns < (select end_ns from span_window)
        and (received_at_ns is null or received_at_ns < (select end_ns from span_window))
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
    on kept.service = span_revisions.service and kept.revision = span_revisions.revision
left join span_instances
    on kept.service = span_instances.service and kept.instance = span_instances.instance
left join span_traces
    on kept.service = span_traces.service and kept.trace = span_traces.trace
left join span_minutes
    on kept.service = span_minutes.service and kept.start_ns // 60_000_000_000 = span_minutes.minute
where
    kept.start_ns >= (select start_ns from span_window)
    and kept.start_ns < (select end_ns from span_window)
    and (kept.received_at_ns is null or kept.received_at_ns < (select end_ns from span_window));
