-- name:    delete_occurrences
-- about:   removes the occurrences of some signatures that begin with an entry of the relation `fresh` (project, at_ns,
--          insert_id)
-- params:  $signature_ids VARCHAR[], $first_ns BIGINT, $last_ns BIGINT
-- columns:

delete from occurrences
where
    at_ns between $first_ns and $last_ns
    and signature_id in (select unnest($signature_ids::varchar[]))
    and (project, at_ns, insert_ids[1]) in (select (fresh.project, fresh.at_ns, fresh.insert_id) from fresh)
