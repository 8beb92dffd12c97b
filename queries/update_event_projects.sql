-- name:    update_event_projects
-- about:   gives events of spans that tell no project the one in which their service writes its entries
-- params:
-- columns:

update events
set project = known.project
from (
    select
        service,
        min(project) as project
    from entries
    where service in (select service from events where project = '') and project <> ''
    group by service
    having count(distinct project) = 1
) as known
where events.project = '' and events.service = known.service
