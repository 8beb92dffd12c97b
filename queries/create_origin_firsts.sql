-- name:    create_origin_firsts
-- about:   for the reader that asks alone: who began the traces of origin_known, as far as no bare library did. Needs
--          create_origin_known
-- params:  $start_ns BIGINT
-- columns:

create or replace temp table origin_firsts as
select
    key,
    cast(first % 8 as utinyint) as origin
from origin_known
where
    key not in (
        select known.key
        from request_rows as asked
        join origin_known as known
            on asked.key = known.key
        where
            asked.is_traced
            and asked.origin = 'unknown'
            and (asked.at_ns - $start_ns) * 8 + enum_code(asked.origin) < known.first
    )
