-- name:    find_told_templates
-- about:   every text that a template was told with, the oldest first
-- params:
-- needs:   told_templates
-- columns: template_id VARCHAR, template VARCHAR, told_at_ns BIGINT

select
    template_id,
    template,
    told_at_ns
from told_templates
order by told_at_ns, template_id, template
