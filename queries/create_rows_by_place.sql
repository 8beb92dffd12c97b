-- name:    create_rows_by_place
-- about:   for the reader that asks alone: rows of the services of the relation `fresh`, which exist in several locations,
--          bear `SERVICE (LOCATION)` as their service from now on, by views in front of the tables, or of what
--          create_looked_rows leaves of them. `fresh` has a row
--          for each service, with revision '', and one for each revision that is in one location only. The place of an
--          entry or event is its own, else that of its revision; of an occurrence that of its first entry; of a span
--          that of its revision, else of its instance or of what the service wrote in its trace. What has none keeps
--          its name
-- params:
-- columns:

set variable stored_entries = coalesce(
    getvariable('stored_entries'), '"' || replace(current_database(), '"', '""') || '".main.entries'
);

set variable stored_events = coalesce(
    getvariable('stored_events'), '"' || replace(current_database(), '"', '""') || '".main.events'
);

set variable stored_occurrences = coalesce(
    getvariable('stored_occurrences'), '"' || replace(current_database(), '"', '""') || '".main.occurrences'
);

set variable stored_spans = coalesce(
    getvariable('stored_spans'), '"' || replace(current_database(), '"', '""') || '".main.spans'
);

create or replace temp table placed_services as
select distinct
    project,
    service
from fresh;

create or replace temp table placed_revisions as
select
    project,
    service,
    revision,
    location
from fresh
where revision <> '';

create or replace temp view entries as
select
    kept.* replace (
        case
            when placed_services.service is null then kept.service
            else kept.service || coalesce(' (' || coalesce(nullif(kept.location, ''), placed_revisions.location) || ')', '')
        end as service
    )
from query_table(getvariable('stored_entries')) as kept
left join placed_services
    on kept.project = placed_services.project and kept.service = placed_services.service
left join placed_revisions
    on
        kept.project = placed_revisions.project
        and kept.service = placed_revisions.service
        and kept.revision = placed_revisions.revision;

create or replace temp view events as
select
    kept.* replace (
        case
            when placed_services.service is null then kept.service
            else kept.service || coalesce(' (' || coalesce(nullif(kept.location, ''), placed_revisions.location) || ')', '')
        end as service
    )
from query_table(getvariable('stored_events')) as kept
left join placed_services
    on kept.project = placed_services.project and kept.service = placed_services.service
left join placed_revisions
    on
        kept.project = placed_revisions.project
        and kept.service = placed_revisions.service
        and kept.revision = placed_revisions.revision;

create or replace temp table placed_occurrences as
with first_entries as (
    select distinct
        project,
        insert_ids[1] as insert_id,
        at_ns
    from query_table(getvariable('stored_occurrences')) as kept
    join placed_services using (project, service)
)
select
    entries.project,
    entries.insert_id,
    entries.at_ns,
    entries.service
from entries
join first_entries using (project, insert_id, at_ns);

create or replace temp view occurrences as
select kept.* replace (coalesce(placed_occurrences.service, kept.service) as service)
from query_table(getvariable('stored_occurrences')) as kept
left join placed_occurrences
    on
        kept.project = placed_occurrences.project
        and kept.insert_ids[1] = placed_occurrences.insert_id
        and kept.at_ns = placed_occurrences.at_ns;

create or replace temp table placed_span_revisions as
select
    service,
    revision,
    min(service || ' (' || location || ')') as place
from placed_revisions
group by service, revision
having count(*) = 1;

create or replace temp table placed_instances as
with asked as (
    select distinct
        service,
        instance
    from query_table(getvariable('stored_spans')) as kept
    where instance <> '' and service in (select service from placed_services)
)
select
    asked.service,
    asked.instance,
    min(entries.service) as place
from entries
join asked
    on entries.instance = asked.instance and starts_with(entries.service, asked.service || ' (')
group by asked.service, asked.instance
having min(entries.service) = max(entries.service);

create or replace temp table placed_traces as
with asked as (
    select distinct
        service,
        trace
    from query_table(getvariable('stored_spans')) as kept
    where
        service in (select service from placed_services)
        and (service, revision) not in (select (service, revision) from placed_span_revisions)
        and (service, instance) not in (select (service, instance) from placed_instances)
)
select
    asked.service,
    asked.trace,
    min(entries.service) as place
from entries
join asked
    on entries.trace = asked.trace and starts_with(entries.service, asked.service || ' (')
group by asked.service, asked.trace
having min(entries.service) = max(entries.service);

create or replace temp view spans as
select
    kept.* replace (
        coalesce(
            placed_span_revisions.place, placed_instances.place, placed_traces.place, kept.service
        ) as service
    )
from query_table(getvariable('stored_spans')) as kept
left join placed_span_revisions
    on kept.service = placed_span_revisions.service and kept.revision = placed_span_revisions.revision
left join placed_instances
    on kept.service = placed_instances.service and kept.instance = placed_instances.instance
left join placed_traces
    on kept.service = placed_traces.service and kept.trace = placed_traces.trace
