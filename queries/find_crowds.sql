-- name:    find_crowds
-- about:   seconds, near those of the fresh entries of batches, in which one stream (known by its hash) wrote more than
--          $most text lines; `is_crossed` when it had not before, as far as its lines are signed by these rules
-- params:  $batch_ids BIGINT[], $rules INTEGER, $first_ns BIGINT, $last_ns BIGINT, $most BIGINT
-- columns: stream UBIGINT, second BIGINT, is_crossed BOOLEAN

with held as (
    select
        hash(project, service, revision, instance, log) as stream,
        at_ns // 1_000_000_000 as second,
        batch_id in (select batch_id from signed where rules = $rules) as is_signed,
        batch_id in (select unnest($batch_ids::bigint[])) as is_fresh
    from entries
    where
        at_ns between $first_ns - 3_000_000_000 and $last_ns + 3_000_000_000
        and http_status is null
        and payload is null
        and log not in ('varlog/system', 'activity', 'system_event')
)
select
    stream,
    second,
    bool_or(is_fresh) and count(*) filter (where is_signed) <= $most as is_crossed
from held
group by stream, second
having count(*) > $most
order by stream, second
