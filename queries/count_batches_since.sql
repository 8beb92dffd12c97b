-- name:    count_batches_since
-- about:   the highest number of a batch that is stored, and how many younger than $batch_id have records in
--          [from_ns, until_ns) or within 3 s of it
-- params:  $batch_id BIGINT, $from_ns BIGINT, $until_ns BIGINT
-- columns: last_batch BIGINT, batches BIGINT

select
    coalesce(max(batch_id), 0) as last_batch,
    count(*) filter (
        where batch_id > $batch_id
        and first_at_ns < $until_ns + 3_000_000_000
        and last_at_ns >= $from_ns - 3_000_000_000
    ) as batches
from batches
