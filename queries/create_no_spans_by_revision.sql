-- name:    create_no_spans_by_revision
-- about:   as create_spans_by_revision where there are no spans, for whose view every later query would be planned
-- params:
-- columns:

create or replace temp view spans_by_revision as
select
    *,
    revision as revision_told,
    '' as revision_by
from spans
where false;
