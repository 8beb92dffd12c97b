-- name:    insert_occurrences
-- about:   the occurrences of the relation `fresh`
-- params:
-- columns:

insert into occurrences
select
    signature_id,
    project,
    service,
    revision,
    instance,
    log,
    at_ns,
    severity,
    trace,
    http_status,
    insert_ids,
    batch_id
from fresh
