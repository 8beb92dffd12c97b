-- name:    count_stored
-- about:   rows that the batches of one transaction brought, entries, spans and cases of test runs together
-- params:  $first_batch BIGINT, $last_batch BIGINT
-- columns: batch_id BIGINT, stored BIGINT

select batch_id, count(*) as stored
from (
    select batch_id from entries where batch_id between $first_batch and $last_batch
    union all
    select batch_id from spans where batch_id between $first_batch and $last_batch
    union all
    select batch_id from test_cases where batch_id between $first_batch and $last_batch
) as fresh_rows
group by batch_id
order by batch_id
