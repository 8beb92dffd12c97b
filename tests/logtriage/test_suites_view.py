"""Test runs in words."""

from classifiers.suites import SuiteRun
from logtriage.lookup import Lookup
from logtriage.suites_view import suite_rows
from tests.support.findings import ONSET_NS, findings


def run(name: str, at_ns: int, *, failed: int = 0, problem: str = "") -> SuiteRun:
    told = "no test was collected" if problem else ""
    return SuiteRun(
        name, name, "a.xml", at_ns, is_zoned=True, cases=9, failed=failed, skipped=0, flaky=0, problem=problem,
        statement=told,
    )  # fmt: skip


def test_a_run_that_proves_nothing_goes_before_many_that_failed() -> None:
    empty = run("smoke", ONSET_NS, problem="nothing_collected")
    told = findings(test_runs=(empty, *(run(f"e2e-{n}", ONSET_NS + n, failed=1) for n in range(1, 8))))

    rows = suite_rows(told, Lookup(told))

    assert [name.split()[1] for name, _ in rows[:-1]] == ["smoke", *(f"e2e-{n}" for n in range(3, 8))]
    assert rows[0][1] == "no test was collected"
    assert rows[-1][0] == "2 more runs with failures"
