-- name:    count_dead_reasons
-- about:   dead letters by their reason, most frequent first
-- params:
-- needs:   dead_letters
-- columns: reason VARCHAR, letters BIGINT

select
    reason,
    count(*) as letters
from dead_letters
group by reason
order by letters desc, reason
