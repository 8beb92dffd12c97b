-- name:    create_logged_requests
-- about:   for the reader that asks alone: logged requests with all that is stored of them. `agent`, `place` and `writer`
--          are hashes: made here, where a block of rows has each name once, and not behind a join
-- params:
-- columns:

create or replace temp view logged_requests as
select
    *,
    hash(coalesce(user_agent, '')) as agent,
    hash(project, service, revision, http_method) as place,
    case when instance <> '' then hash(project, service, instance) end as writer
from entries
where log = 'requests'
