-- name:    find_last_troubles
-- about:   the last look at each trouble, open or over; see collector/troubles.py
-- params:
-- columns: kind VARCHAR, subject VARCHAR, seen_at_ns BIGINT, is_over BOOLEAN, detail VARCHAR

select
    kind,
    subject,
    seen_at_ns,
    is_over,
    detail
from troubles
qualify row_number() over (partition by kind, subject order by seen_at_ns desc, is_over) = 1
order by kind, subject
