-- name:    delete_old_tests
-- about:   cases of test runs from before a time; one without a time counts as of when it was stored
-- params:  $before_ns BIGINT
-- columns:

delete from test_cases
where
    coalesce(
        at_ns, (select batches.stored_at_ns from batches where batches.batch_id = test_cases.batch_id)
    ) < $before_ns
