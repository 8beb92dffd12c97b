-- name:    create_0002_told_names
-- about:   what was told to a person and must stay valid: ids of templates with each text they were told with, and ids
--          of signatures of older rules with the ids that their entries have under newer ones
-- params:
-- columns:

create table told_templates (
    template_id varchar not null,
    template varchar not null,
    told_at_ns bigint not null
);

create table signature_aliases (
    old_id varchar not null,
    new_id varchar not null,
    rules integer not null
);
