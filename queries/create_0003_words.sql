-- name:    create_0003_words
-- about:   which occurrence the words of a signature are taken from, by its first entry: the earliest, so that they do
--          not depend on what was read first
-- params:
-- columns:

alter table signatures add column told_at_ns bigint;
alter table signatures add column told_project varchar;
alter table signatures add column told_insert_id varchar;
