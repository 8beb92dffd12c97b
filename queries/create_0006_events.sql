-- name:    create_0006_events
-- about:   business events that entries and spans name, each with the fields that came with a value; and which batches
--          were looked through for them. Derived: made anew from entries and spans by other rules
-- params:
-- columns:

create table events (
    project varchar not null,
    service varchar not null,
    revision varchar not null,
    location varchar not null,
    instance varchar not null,
    event varchar not null,
    source varchar not null,
    at_ns bigint not null,
    received_at_ns bigint,
    trace varchar,
    insert_id varchar not null,
    fields varchar[] not null,
    batch_id bigint not null
);

create table event_batches (
    batch_id bigint not null,
    rules integer not null
);
