-- name:    create_request_places
-- about:   for the reader that asks alone: the services, revisions and methods that requests of a time were made to, by
--          the key that request_rows has of them
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- columns:

create or replace temp table request_places as
select
    hash(project, service, revision, http_method) as place,
    project,
    service,
    revision,
    coalesce(http_method, '') as http_method
from entries
where log = 'requests' and at_ns >= $start_ns and at_ns < $end_ns
group by project, service, revision, http_method
