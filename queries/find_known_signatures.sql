-- name:    find_known_signatures
-- about:   which failures that are no requests occurred in which service before an instant, over all that is stored
-- params:  $end_ns BIGINT, $rules INTEGER
-- columns: project VARCHAR, service VARCHAR, signature_id VARCHAR

select
    project,
    service,
    signature_id
from occurrences
where
    at_ns < $end_ns
    and signature_id in (
        select signature_id
        from signatures
        where rules = $rules and kind in ('exception', 'message')
    )
group by project, service, signature_id
order by project, service, signature_id
