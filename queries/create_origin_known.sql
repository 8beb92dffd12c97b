-- name:    create_origin_known
-- about:   for the reader that asks alone: of traces in which a bare library asked, the first request of anybody who is
--          known: `first` is eight times its time since $start_ns plus the place of its origin in the order of names. One
--          number for when and who, and a table of its own: a hundred times as many traces as minutes fit into memory.
--          Needs create_request_rows
-- params:  $start_ns BIGINT
-- columns:

create or replace temp table origin_known as
select
    key,
    min((at_ns - $start_ns) * 8 + enum_code(origin)) as first
from request_rows
where
    is_traced
    and origin <> 'unknown'
    and key in (select key from request_rows where is_traced and origin = 'unknown')
group by key
