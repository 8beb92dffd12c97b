-- name:    find_signed_before
-- about:   signatures of the occurrences, by a version of the rules, that begin with an entry of the relation `fresh`
--          (project, at_ns, insert_id)
-- params:  $rules INTEGER, $first_ns BIGINT, $last_ns BIGINT
-- columns: signature_id VARCHAR

select distinct signature_id
from occurrences
where
    at_ns between $first_ns and $last_ns
    and signature_id in (select signature_id from signatures where rules = $rules)
    and (project, at_ns, insert_ids[1]) in (select (fresh.project, fresh.at_ns, fresh.insert_id) from fresh)
order by signature_id
