-- name:    create_0005_spans
-- about:   what spans tell beyond their times: where they ran, who asked, what was thrown, which traces they go on; a
--          span without an end has no duration. `spans_by_revision` is laid over by create_spans_by_revision for a reader
-- params:
-- columns:

alter table spans alter column duration_ns drop not null;
alter table spans add column project varchar default '';
alter table spans add column location varchar default '';
alter table spans add column environment varchar default '';
alter table spans add column received_at_ns bigint;
alter table spans add column http_path varchar;
alter table spans add column user_agent varchar;
alter table spans add column synthetic varchar;
alter table spans add column cold_start boolean;
alter table spans add column error_type varchar;
alter table spans add column exception varchar;
alter table spans add column links varchar;

create view spans_by_revision as
select
    spans.*,
    spans.revision as revision_told,
    case when spans.revision = '' then '' else 'told' end as revision_by
from spans;
