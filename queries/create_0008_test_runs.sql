-- name:    create_0008_test_runs
-- about:   cases of test runs, as JUnit XML tells them; columns equal TEST_SCHEMA in collector/records.py
-- params:
-- columns:

create table test_cases (
    run varchar not null,
    case_id varchar not null,
    suite varchar not null,
    class_name varchar not null,
    name varchar not null,
    outcome varchar not null,
    at_ns bigint,
    duration_ns bigint,
    suite_at_ns bigint,
    suite_ns bigint,
    is_zoned boolean not null,
    type varchar,
    message varchar,
    body varchar,
    output varchar,
    traces varchar not null,
    location varchar not null,
    batch_id bigint not null
);
