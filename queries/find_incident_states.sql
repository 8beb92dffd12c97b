-- name:    find_incident_states
-- about:   what incidents and their members became before an instant, the oldest first, each incident before its members
-- params:  $end_ns BIGINT
-- needs:   incident_states
-- columns: incident_id VARCHAR, finding_id VARCHAR, state VARCHAR, sure DOUBLE, statement VARCHAR, at_ns BIGINT,
--          look_ns BIGINT, revision VARCHAR, project VARCHAR, service VARCHAR, title VARCHAR, priority VARCHAR,
--          root VARCHAR, member_ids VARCHAR[], signature_ids VARCHAR[], onset_ns BIGINT, last_failure_ns BIGINT,
--          stragglers BIGINT, rules INTEGER, merged_into VARCHAR

select
    incident_id,
    finding_id,
    state,
    sure,
    statement,
    at_ns,
    look_ns,
    revision,
    project,
    service,
    title,
    priority,
    root,
    member_ids,
    signature_ids,
    onset_ns,
    last_failure_ns,
    stragglers,
    rules,
    merged_into
from incident_states
where look_ns < $end_ns
order by look_ns, incident_id, finding_id
