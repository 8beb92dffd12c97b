-- name:    find_digest_looks
-- about:   first and last look of each channel
-- params:
-- columns: channel VARCHAR, first_ns BIGINT, last_ns BIGINT

select
    channel,
    min(look_ns) as first_ns,
    max(look_ns) as last_ns
from digest_looks
group by channel
order by channel
