-- name:    find_signed_keys
-- about:   which signature ever occurred in which service, under this version of the rules
-- params:  $rules INTEGER
-- columns: project VARCHAR, service VARCHAR, signature_id VARCHAR

select
    project,
    service,
    signature_id
from occurrences
where signature_id in (select signature_id from signatures where rules = $rules)
group by project, service, signature_id
order by project, service, signature_id
