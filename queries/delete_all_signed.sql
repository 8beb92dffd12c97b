-- name:    delete_all_signed
-- about:   empties the derived table signed, which is made anew from entries and spans
-- params:
-- columns:

delete from signed
