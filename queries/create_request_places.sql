-- name:    create_request_places
-- about:   for the reader that asks alone: the services, revisions and methods that requests of a time were made to, by
--          the key that request_rows has of them; `id`: numbers from 0 on
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns:

create or replace temp table request_places as
select
    hash(project, service, revision, http_method) as place,
    cast(row_number() over (order by project, service, revision, http_method) - 1 as integer) as id,
    project,
    service,
    revision,
    coalesce(http_method, '') as http_method
from entries
where log = 'requests' and at_ns >= $start_ns and at_ns < $end_ns
group by project, service, revision, http_method
