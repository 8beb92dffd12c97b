-- name:    create_0001_store
-- about:   the first schema of the store; columns of entries, spans and facts equal the schemas in collector/records.py
-- params:
-- columns:

create table batches (
    batch_id bigint not null,
    run_id bigint not null,
    source varchar not null,
    location varchar not null,
    read bigint not null,
    stored bigint not null,
    duplicates bigint not null,
    dead bigint not null,
    first_at_ns bigint,
    last_at_ns bigint,
    max_received_at_ns bigint,
    stored_at_ns bigint not null
);

create table runs (
    run_id bigint not null,
    kind varchar not null,
    source varchar not null,
    started_at_ns bigint not null,
    ended_at_ns bigint,
    outcome varchar not null
);

create table cursors (
    source varchar not null,
    cursor varchar not null,
    stored_at_ns bigint not null
);

create table dead_letters (
    batch_id bigint not null,
    source varchar not null,
    location varchar not null,
    line bigint,
    reason varchar not null,
    excerpt varchar
);

create table entries (
    project varchar not null,
    insert_id varchar not null,
    at_ns bigint not null,
    received_at_ns bigint,
    resource_type varchar not null,
    service varchar not null,
    revision varchar not null,
    location varchar not null,
    instance varchar not null,
    log varchar not null,
    severity utinyint not null,
    severity_given utinyint not null,
    message varchar,
    logger varchar,
    payload varchar,
    http_method varchar,
    http_path varchar,
    http_status smallint,
    latency_ns bigint,
    user_agent varchar,
    client ubigint,
    trace varchar,
    span varchar,
    error_group varchar,
    batch_id bigint not null
);

create table spans (
    trace varchar not null,
    span varchar not null,
    parent_span varchar not null,
    service varchar not null,
    revision varchar not null,
    instance varchar not null,
    name varchar not null,
    kind utinyint not null,
    start_ns bigint not null,
    duration_ns bigint not null,
    status utinyint not null,
    status_message varchar,
    http_method varchar,
    http_route varchar,
    http_status smallint,
    peer_service varchar,
    db_system varchar,
    attributes varchar,
    events varchar,
    batch_id bigint not null
);

create table facts (
    project varchar not null,
    location varchar not null,
    service varchar not null,
    revision varchar not null,
    at_ns bigint not null,
    kind varchar not null,
    origin varchar not null,
    insert_id varchar not null,
    actor varchar not null,
    tool varchar not null,
    detail varchar not null,
    batch_id bigint not null
);

create table signatures (
    signature_id varchar not null,
    rules integer not null,
    kind varchar not null,
    title varchar not null,
    parts varchar not null
);

create table occurrences (
    signature_id varchar not null,
    project varchar not null,
    service varchar not null,
    revision varchar not null,
    instance varchar not null,
    log varchar not null,
    at_ns bigint not null,
    severity utinyint not null,
    trace varchar,
    http_status smallint,
    insert_ids varchar[] not null,
    batch_id bigint not null
);

create table signed (
    batch_id bigint not null,
    rules integer not null
);
