-- name:    create_looked_rows
-- about:   for the reader that asks alone: rows of all batches but $batch_ids, which nothing has looked through to its
--          end, by views in front of the tables: requests whose failures and events are not known would tell of none
-- params:  $batch_ids BIGINT[]
-- columns:

create or replace temp table waiting_batches as
select unnest($batch_ids::bigint[]) as batch_id;

set variable all_entries = '"' || replace(current_database(), '"', '""') || '".main.entries';

create or replace temp view looked_entries as
select *
from query_table(getvariable('all_entries'))
where batch_id not in (select batch_id from waiting_batches);

set variable stored_entries = 'temp.main.looked_entries';

create or replace temp view entries as
select *
from looked_entries;

set variable all_spans = '"' || replace(current_database(), '"', '""') || '".main.spans';

create or replace temp view looked_spans as
select *
from query_table(getvariable('all_spans'))
where batch_id not in (select batch_id from waiting_batches);

set variable stored_spans = 'temp.main.looked_spans';

create or replace temp view spans as
select *
from looked_spans;

set variable all_occurrences = '"' || replace(current_database(), '"', '""') || '".main.occurrences';

create or replace temp view looked_occurrences as
select *
from query_table(getvariable('all_occurrences'))
where batch_id not in (select batch_id from waiting_batches);

set variable stored_occurrences = 'temp.main.looked_occurrences';

create or replace temp view occurrences as
select *
from looked_occurrences;

set variable all_span_occurrences = '"' || replace(current_database(), '"', '""') || '".main.span_occurrences';

create or replace temp view looked_span_occurrences as
select *
from query_table(getvariable('all_span_occurrences'))
where batch_id not in (select batch_id from waiting_batches);

set variable stored_span_occurrences = 'temp.main.looked_span_occurrences';

create or replace temp view span_occurrences as
select *
from looked_span_occurrences;

set variable all_events = '"' || replace(current_database(), '"', '""') || '".main.events';

create or replace temp view looked_events as
select *
from query_table(getvariable('all_events'))
where batch_id not in (select batch_id from waiting_batches);

set variable stored_events = 'temp.main.looked_events';

create or replace temp view events as
select *
from looked_events;
