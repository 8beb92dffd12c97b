-- name:    delete_all_occurrences
-- about:   empties the derived table occurrences, which is made anew from entries and spans
-- params:
-- columns:

delete from occurrences
