-- name:    find_facts
-- about:   facts about revisions and services that were known before an instant
-- params:  $end_ns BIGINT
-- needs:   facts
-- columns: project VARCHAR, location VARCHAR, service VARCHAR, revision VARCHAR, at_ns BIGINT, kind VARCHAR,
--          origin VARCHAR, insert_id VARCHAR, actor VARCHAR, tool VARCHAR, detail VARCHAR

select
    project,
    location,
    service,
    revision,
    at_ns,
    kind,
    origin,
    insert_id,
    actor,
    tool,
    detail
from facts
where at_ns < $end_ns
order by all
