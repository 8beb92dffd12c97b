-- name:    find_stored_tests
-- about:   identities of stored cases of test runs that are named in the relation `fresh` (case_id)
-- params:
-- columns: run VARCHAR, case_id VARCHAR

select
    run,
    case_id
from test_cases
where case_id in (select fresh.case_id from fresh)
