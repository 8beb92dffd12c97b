-- name:    find_failed_tests
-- about:   cases of some test runs that failed, at most $most, in their order
-- params:  $runs VARCHAR[], $most BIGINT
-- columns: run VARCHAR, case_id VARCHAR, class_name VARCHAR, name VARCHAR, outcome VARCHAR, at_ns BIGINT,
--          duration_ns BIGINT, type VARCHAR, message VARCHAR, body VARCHAR, output VARCHAR, traces VARCHAR

select
    run,
    case_id,
    class_name,
    name,
    outcome,
    at_ns,
    duration_ns,
    type,
    message,
    body,
    output,
    traces
from test_cases
where outcome in ('failed', 'error') and run in (select unnest($runs::varchar[]))
order by at_ns, run, class_name, name, case_id
limit $most
