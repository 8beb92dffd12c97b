-- name:    insert_run
-- about:   a run that begins; it has no end yet
-- params:  $run_id BIGINT, $kind VARCHAR, $source VARCHAR, $now_ns BIGINT
-- columns:

insert into runs
values ($run_id, $kind, $source, $now_ns, null, 'running')
