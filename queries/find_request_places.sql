-- name:    find_request_places
-- about:   request_places in the order of their numbers, from 0 on. Needs create_request_places
-- params:
-- columns: id INTEGER, project VARCHAR, service VARCHAR, revision VARCHAR, http_method VARCHAR

select
    id,
    project,
    service,
    revision,
    http_method
from request_places
order by id
