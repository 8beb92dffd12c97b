-- name:    insert_test_cases
-- about:   the cases of test runs of the relation `fresh`, which holds none that is stored yet
-- params:
-- columns:

insert into test_cases by name
select
    fresh.run,
    fresh.case_id,
    fresh.suite,
    fresh.class_name,
    fresh.name,
    fresh.outcome,
    fresh.at_ns,
    fresh.duration_ns,
    fresh.suite_at_ns,
    fresh.suite_ns,
    fresh.is_zoned,
    fresh.type,
    fresh.message,
    fresh.body,
    fresh.output,
    fresh.traces,
    fresh.location,
    fresh.batch_id
from fresh
