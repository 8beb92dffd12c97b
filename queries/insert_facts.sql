-- name:    insert_facts
-- about:   the facts of the relation `fresh` that are not stored yet; facts are few, the whole table is searched
-- params:
-- columns:

insert into facts
select distinct
    fresh.project,
    fresh.location,
    fresh.service,
    fresh.revision,
    fresh.at_ns,
    fresh.kind,
    fresh.origin,
    fresh.insert_id,
    fresh.actor,
    fresh.tool,
    fresh.detail,
    fresh.batch_id
from fresh
anti join facts
    on
        fresh.at_ns = facts.at_ns
        and fresh.kind = facts.kind
        and fresh.service = facts.service
        and fresh.revision = facts.revision
        and fresh.insert_id = facts.insert_id
        and fresh.detail = facts.detail
