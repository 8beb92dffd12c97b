-- name:    aggregate
-- about:   what benchmarks/attribution.py compares with: every stored request counted once, per service, revision, path
--          and minute
-- params:
-- columns: service VARCHAR, revision VARCHAR, path VARCHAR, minute BIGINT, requests BIGINT

select
    service,
    revision,
    http_path as path,
    at_ns // 60_000_000_000 as minute,
    count(*) as requests
from entries
where log = 'requests'
group by all
