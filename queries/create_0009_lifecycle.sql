-- name:    create_0009_lifecycle
-- about:   what incidents became over looks, mutes, and what was told of them where; append-only. incident_states and
--          mutes equal STATE_SCHEMA and MUTE_SCHEMA in classifiers/lifecycle/rows.py. outbox: messages to be delivered,
--          stored with the analysis in one transaction; seq counts those of one incident in one channel. deliveries:
--          every step of a delivery, before and after it; of a message as a whole the step is empty. digest_looks: when
--          a channel was looked for. heard: what people said in a channel. No secret and no name of a person is in any
--          of them
-- params:
-- columns:

create table incident_states (
    incident_id varchar not null,
    finding_id varchar not null,
    state varchar not null,
    sure double,
    statement varchar not null,
    at_ns bigint not null,
    look_ns bigint not null,
    revision varchar not null,
    project varchar not null,
    service varchar not null,
    title varchar not null,
    priority varchar not null,
    root varchar not null,
    member_ids varchar[] not null,
    signature_ids varchar[] not null,
    onset_ns bigint not null,
    last_failure_ns bigint not null,
    stragglers bigint not null,
    rules integer not null,
    merged_into varchar not null
);

create table mutes (
    mute_id varchar not null,
    project varchar not null,
    service varchar not null,
    cluster_id varchar not null,
    title varchar not null,
    signature_ids varchar[] not null,
    until_ns bigint not null,
    made_at_ns bigint not null,
    reason varchar not null,
    is_lifted boolean not null
);

create table outbox (
    delivery_id varchar not null,
    channel varchar not null,
    incident_id varchar not null,
    key varchar not null,
    seq bigint not null,
    act varchar not null,
    facts varchar not null,
    claims varchar not null,
    shown varchar not null,
    is_over boolean not null,
    finding_id varchar not null,
    message varchar not null,
    made_at_ns bigint not null
);

create table digest_looks (
    channel varchar not null,
    look_ns bigint not null
);

create table deliveries (
    delivery_id varchar not null,
    channel varchar not null,
    incident_id varchar not null,
    step varchar not null,
    attempt integer not null,
    outcome varchar not null,
    remote_id varchar not null,
    remote_url varchar not null,
    detail varchar not null,
    at_ns bigint not null
);

create table heard (
    channel varchar not null,
    incident_id varchar not null,
    remote_id varchar not null,
    remote_event_id varchar not null,
    said varchar not null,
    at_ns bigint not null,
    heard_at_ns bigint not null
);
