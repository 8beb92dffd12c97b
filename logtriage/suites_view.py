"""Test runs in words: for the report's TESTS lines and those of a cluster. No I/O."""

from classifiers.findings import Cluster, Findings
from classifiers.suites import FailedCases, SuiteLink, SuiteRun
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.wording import Near, clock, join_words, plural

__all__ = ["suite_rows", "tests_words"]

_RUNS_SHOWN = 5
_FAILURES_SHOWN = 8
_NAMES_SHOWN = 3
_BY = {
    "trace": "by its trace",
    "signature": "the same failure by its text",
    "moment": "weaker: in the same moments, and the service is named",
}


def tests_words(cluster: Cluster) -> str:
    """`3 of 41 tests of run e2e failed with it (by its trace): a, b, c`; of several runs the last first."""
    return "; ".join(_link_words(link) for link in reversed(cluster.tests[-2:]))


def suite_rows(findings: Findings, lookup: Lookup) -> list[tuple[str, str]]:
    """Title and note of the runs that prove nothing or failed, then of failures that met no cluster."""
    proves_nothing = [run for run in findings.test_runs if run.problem]
    failed = [run for run in findings.test_runs if run.failed and not run.problem]
    rows = [
        *_run_rows(proves_nothing, "that prove nothing", lookup.near),
        *_run_rows(failed, "with failures", lookup.near),
    ]
    alone = [one for one in findings.failed_tests if not one.cluster_ids]
    rows += [_failure_row(one) for one in alone[:_FAILURES_SHOWN]]
    more = alone[_FAILURES_SHOWN:]
    if more:
        rows.append((f"{plural(len(more), 'more failure')} of tests", f"{sum(one.cases for one in more):,} cases"))
    return rows


def _link_words(link: SuiteLink) -> str:
    names = join_words((plain(name, 80) for name in link.names), _NAMES_SHOWN)
    many = f"{link.failed:,} of {plural(link.cases, 'test')} of run {plain(link.suite, 60)}"
    return f"{many} failed with it ({_BY[link.by]}): {names}"


def _run_rows(runs: list[SuiteRun], what: str, near: Near) -> list[tuple[str, str]]:
    """The last runs, and how many more there are."""
    left = len(runs) - _RUNS_SHOWN
    more = [(f"{plural(left, 'more run')} {what}", "")] if left > 0 else []
    return [*(_run_row(run, near) for run in runs[-_RUNS_SHOWN:]), *more]


def _run_row(run: SuiteRun, near: Near) -> tuple[str, str]:
    began = "at a time that is not told" if run.at_ns is None else f"at {clock(run.at_ns, near)}"
    if run.at_ns is not None and not run.is_zoned:
        began += ", taken for UTC"
    name = f"run {plain(run.suite, 60)} {began}"
    if run.problem in {"nothing_collected", "all_skipped"}:
        return name, plain(run.statement, 200)
    told = f"{run.failed:,} of {plural(run.cases, 'test')} failed"
    told += f", {run.skipped:,} skipped" if run.skipped else ""
    told += f", {run.flaky:,} only at first" if run.flaky else ""
    return name, f"{told}; {plain(run.statement, 200)}" if run.statement else told


def _failure_row(failed: FailedCases) -> tuple[str, str]:
    names = join_words((plain(name, 80) for name in failed.names), _NAMES_SHOWN)
    fault = failed.fault.replace("_", " ")
    title = f"{plural(failed.cases, 'test')} failed: {plain(failed.title, 120)}"
    return title, f"{names}; fault: {fault}, {plain(failed.statement, 160)}; no failure of a service met"
