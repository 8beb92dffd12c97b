-- name:    insert_incident_states
-- about:   the rows of the relation `fresh` that are not stored yet; a look that is stored again adds nothing
-- params:
-- columns:

insert into incident_states
select
    fresh.incident_id,
    fresh.finding_id,
    fresh.state,
    fresh.sure,
    fresh.statement,
    fresh.at_ns,
    fresh.look_ns,
    fresh.revision,
    fresh.project,
    fresh.service,
    fresh.title,
    fresh.priority,
    fresh.root,
    fresh.member_ids,
    fresh.signature_ids,
    fresh.onset_ns,
    fresh.last_failure_ns,
    fresh.stragglers,
    fresh.rules,
    fresh.merged_into
from fresh
anti join incident_states using (incident_id, finding_id, look_ns)
