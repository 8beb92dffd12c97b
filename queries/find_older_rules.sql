-- name:    find_older_rules
-- about:   versions of the rules before this one whose signatures still have occurrences
-- params:  $rules INTEGER
-- columns: rules INTEGER

select distinct rules
from signatures
where
    rules < $rules
    and signature_id not in (select signature_id from signatures where rules = $rules)
    and signature_id in (select signature_id from occurrences)
order by rules
