-- name:    create_0007_span_occurrences
-- about:   spans that tell of a failure, with its signature; they become failures of a cluster where no entry tells of
--          the same one. `at_ns` is their end, their start where they have none
-- params:
-- columns:

create table span_occurrences (
    signature_id varchar not null,
    project varchar not null,
    service varchar not null,
    revision varchar not null,
    instance varchar not null,
    trace varchar not null,
    span varchar not null,
    parent_span varchar not null,
    name varchar not null,
    kind utinyint not null,
    start_ns bigint not null,
    at_ns bigint not null,
    received_at_ns bigint,
    severity utinyint not null,
    http_status smallint,
    peer_service varchar,
    batch_id bigint not null
);

-- spans that were stored before are signed with the batch that brought them
delete from signed
where batch_id in (select batch_id from spans where status = 2 or http_status >= 500);
