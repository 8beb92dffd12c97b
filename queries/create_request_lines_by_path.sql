-- name:    create_request_lines_by_path
-- about:   as create_request_lines, each by its whole path: patterns of config.yaml may ask for what no route tells
-- params:
-- columns:

create or replace temp view request_lines as
select
    *,
    coalesce(http_path, '') as path
from logged_requests
