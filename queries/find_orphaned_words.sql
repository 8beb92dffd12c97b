-- name:    find_orphaned_words
-- about:   those of some signatures whose words are of an occurrence in a span of time that is there no more; words that
--          a span told stay
-- params:  $signature_ids VARCHAR[], $first_ns BIGINT, $last_ns BIGINT
-- columns: signature_id VARCHAR

select signature_id
from signatures
where
    signature_id in (select unnest($signature_ids::varchar[]))
    and told_at_ns between $first_ns and $last_ns
    and not starts_with(coalesce(told_insert_id, ''), 'span:')
    and not exists (
        select 1
        from occurrences
        where
            occurrences.at_ns between $first_ns and $last_ns
            and occurrences.at_ns = signatures.told_at_ns
            and occurrences.signature_id = signatures.signature_id
            and occurrences.project = signatures.told_project
            and occurrences.insert_ids[1] = signatures.told_insert_id
    )
order by signature_id
