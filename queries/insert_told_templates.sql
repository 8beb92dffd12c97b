-- name:    insert_told_templates
-- about:   the templates of the relation `fresh` that were not told with this text yet
-- params:  $now_ns BIGINT
-- columns:

insert into told_templates
select
    fresh.template_id,
    fresh.template,
    $now_ns
from fresh
anti join told_templates using (template_id, template)
