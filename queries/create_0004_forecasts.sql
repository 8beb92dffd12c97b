-- name:    create_0004_forecasts
-- about:   the calibration ledger, append-only and without log text: what was told of a failure, when and how surely
--          (rows of one forecast_id say the same; the first is scored), and what became of it. Columns equal
--          FORECAST_SCHEMA in classifiers/forecasts.py and SETTLEMENT_SCHEMA in classifiers/record.py
-- params:
-- columns:

create table forecasts (
    forecast_id varchar not null,
    episode_id varchar not null,
    project varchar not null,
    cluster_id varchar not null,
    service varchar not null,
    signature_ids varchar[] not null,
    cause varchar not null,
    blamed_service varchar not null,
    revision varchar not null,
    good_revision varchar not null,
    change_type varchar not null,
    change_name varchar not null,
    also_changed varchar[] not null,
    confidence double not null,
    basis varchar not null,
    rivals varchar not null,
    onset_ns bigint not null,
    earliest_ns bigint not null,
    latest_ns bigint not null,
    unit varchar not null,
    units bigint not null,
    state varchar not null,
    rules integer not null,
    model integer not null,
    made_at_ns bigint not null,
    made_by varchar not null
);

create table settlements (
    forecast_id varchar not null,
    outcome varchar not null,
    change_outcome varchar not null,
    how varchar not null,
    settled_by varchar not null,
    statement varchar not null,
    note varchar not null,
    entry_ids varchar[] not null,
    trace_ids varchar[] not null,
    revisions varchar[] not null,
    rules integer not null,
    settled_at_ns bigint not null
);
