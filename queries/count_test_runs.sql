-- name:    count_test_runs
-- about:   test runs of a window, by when they began, else by when they were read in, with what became of their cases.
--          `end_ns`: when the last one ended, as far as is told; `batch`: the import that they came in
-- params:  $start_ns BIGINT, $end_ns BIGINT
-- needs:   test_cases
-- columns: run VARCHAR, name VARCHAR, location VARCHAR, at_ns BIGINT, is_zoned BOOLEAN, cases BIGINT, failed BIGINT,
--          skipped BIGINT, flaky BIGINT, end_ns BIGINT, batch BIGINT

with runs as (
    select
        test_cases.run,
        min(coalesce(test_cases.at_ns, test_cases.suite_at_ns)) as at_ns,
        max(
            coalesce(test_cases.suite_at_ns + test_cases.suite_ns, test_cases.at_ns + test_cases.duration_ns)
        ) as end_ns,
        min(batches.run_id) as batch,
        min(batches.stored_at_ns) as stored_at_ns
    from test_cases
    join batches using (batch_id)
    group by test_cases.run
)
select
    runs.run,
    case when count(distinct test_cases.suite) = 1 then min(test_cases.suite) else '' end as name,
    min(test_cases.location) as location,
    runs.at_ns,
    bool_and(test_cases.is_zoned) as is_zoned,
    count(*) filter (where test_cases.outcome <> 'empty') as cases,
    count(*) filter (where test_cases.outcome in ('failed', 'error')) as failed,
    count(*) filter (where test_cases.outcome = 'skipped') as skipped,
    count(*) filter (where test_cases.outcome = 'flaky') as flaky,
    runs.end_ns,
    runs.batch
from runs
join test_cases using (run)
where coalesce(runs.at_ns, runs.stored_at_ns) >= $start_ns and coalesce(runs.at_ns, runs.stored_at_ns) < $end_ns
group by runs.run, runs.at_ns, runs.end_ns, runs.batch
order by runs.at_ns, runs.run
