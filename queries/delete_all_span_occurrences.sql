-- name:    delete_all_span_occurrences
-- about:   empties the derived table span_occurrences, which is made anew from entries and spans
-- params:
-- columns:

delete from span_occurrences
