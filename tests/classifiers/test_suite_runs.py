"""Test runs beside the failures of services: joined by trace, text or moment; told alone where nothing was met."""

from html import escape
from pathlib import Path
from typing import Any

import pytest

from classifiers.findings import Findings
from collector.collect import collect
from collector.normalise.redact import Redactor
from collector.records import Ledger, RawBatch
from collector.sources.files import read_paths
from collector.store import Store
from collector.window import format_ns
from logtriage.export import findings_json
from logtriage.lookup import Lookup
from logtriage.report import build_report
from logtriage.report_config import ReportConfig
from tests.support.system import HOUR, START_NS, System

REVISION = "shop-00001-abc"
SERVER = """Traceback (most recent call last):
  File "/app/shop/stock.py", line 7, in count
    call()
KeyError: 'warehouse'"""
FAILED_S = 7 * HOUR


def case(name: str, *, took_s: float = 1.0, **told: str) -> str:
    """A case; keys: message, body (of its failure), output, place."""
    head = f'<testcase classname="{told.get("place", "tests.e2e.test_shop")}" name="{name}" time="{took_s}">'
    failure = ""
    if "message" in told or "body" in told:
        failure = f'<failure message="{escape(told.get("message", ""))}">{escape(told.get("body", ""))}</failure>'
    output = f"<system-out>{escape(told['output'])}</system-out>" if "output" in told else ""
    return f"{head}{failure}{output}</testcase>"


def report(*cases: str, at_s: float = FAILED_S - 1, zone: str = "Z", name: str = "e2e") -> str:
    """A report of a run that began at this second of the system."""
    at = format_ns(START_NS + round(at_s * 1e9), digits=6).removesuffix("Z")
    head = f'<testsuite name="{name}" timestamp="{at}{zone}" time="60">'
    return f"<testsuites>{head}{''.join(cases)}</testsuite></testsuites>"


def system() -> tuple[System, str]:
    """A service that fails 20 times in a row; the trace of the first failure."""
    system = System()
    system.traffic("shop", REVISION, 0, 8 * HOUR, every_s=120.0)
    traces = [system.failure(FAILED_S + number, "shop", REVISION, SERVER, path="/stock") for number in range(20)]
    return system, traces[0]


def read_in(store: Store, folder: Path, *reports: str) -> Ledger:
    """Reads reports into a store; the sums of all."""
    paths = []
    for number, text in enumerate(reports):
        paths.append(folder / f"report-{number}.xml")
        paths[-1].write_text(text, encoding="utf-8")
    return read_files(store, *paths)


def read_files(store: Store, *paths: Path) -> Ledger:
    """Reads files and folders into a store in one import."""
    run_id = store.begin_run("import", "files")
    ledger = collect(read_paths(list(paths)), store=store, redactor=Redactor(b"k" * 32), run_id=run_id, stored=_ignore)
    store.end_run(run_id, outcome="complete")
    return ledger


def found(folder: Path, *reports: str, of: System | None = None) -> Findings:
    """What is found in the system with these reports."""
    made = of or system()[0]
    read_in(made.stored(folder), folder, *reports)
    return made.findings(folder, 8 * HOUR, 6 * HOUR)


def _ignore(raw: RawBatch, ledger: Ledger) -> None:
    """What is stored is not told to anybody."""


def test_a_case_joins_the_cluster_of_its_trace(tmp_path: Path) -> None:
    made, trace = system()
    failed = case("test_a", message="assert 500 == 200", output=f"traceparent: 00-{trace}-00f067aa0ba902b7-01")

    told = found(tmp_path, report(failed, case("test_b"), case("test_c")), of=made)

    (cluster,) = [one for one in told.clusters if one.role == "root"]
    (link,) = cluster.tests
    assert (link.suite, link.failed, link.cases, link.by) == ("e2e", 1, 3, "trace")
    assert link.names == ("tests.e2e.test_shop::test_a",)
    (failure,) = told.failed_tests
    assert (failure.cluster_ids, failure.fault) == ((cluster.id,), cluster.fault)


def test_a_case_joins_by_the_same_exception(tmp_path: Path) -> None:
    told = found(tmp_path, report(case("test_a", message="assert 500 == 200", output=f"server said:\n{SERVER}")))

    assert [link.by for one in told.clusters for link in one.tests] == ["signature"]


@pytest.mark.parametrize(("at_s", "by"), [(FAILED_S - 1, ["moment"]), (FAILED_S - HOUR, [])])
def test_a_case_that_names_the_service_joins_in_the_same_moment_alone(
    tmp_path: Path, at_s: float, by: list[str]
) -> None:
    failed = case("test_a", message="GET https://shop.example/stock gave 500")

    told = found(tmp_path, report(failed, at_s=at_s))

    assert [link.by for one in told.clusters for link in one.tests] == by


def test_a_case_that_names_nothing_joins_nothing_in_the_same_moment(tmp_path: Path) -> None:
    told = found(tmp_path, report(case("test_a", message="assert 500 == 200")))

    assert not any(one.tests for one in told.clusters)
    (failure,) = told.failed_tests
    assert failure.cluster_ids == ()


def test_an_exception_has_one_signature_in_a_report_and_in_a_line(tmp_path: Path) -> None:
    told = found(tmp_path, report(case("test_a", message="KeyError: 'warehouse'", body=SERVER)))

    (failure,) = told.failed_tests
    assert failure.signature_id in {name for one in told.clusters for name in one.signature_ids}


PYTEST_BODY = """def test_login(auth):
>       auth.authenticate_oauth_user()
tests/e2e/test_login.py:12:
E       AttributeError: 'E2EAuthHelper' object has no attribute 'authenticate_oauth_user'
tests/e2e/test_login.py:12: AttributeError"""


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"message": "AttributeError: 'E2EAuthHelper' has no attribute 'x'", "body": PYTEST_BODY}, "test_harness"),
        ({"message": "failed on setup with fixture 'db' not found"}, "test_harness"),
        ({"message": "AssertionError: assert 3 == 4", "body": "E  no\ntests/test_a.py:3: AssertionError"}, "unknown"),
        ({"message": "ZeroDivisionError: division by zero", "body": "shop/price.py:9: ZeroDivisionError"}, "product"),
        ({"message": "TimeoutError: timed out after 30 s"}, "unknown"),
        (  # surefire cuts the frames of the runner away
            {
                "place": "acme.PayTest", "message": "expected: 200 but was: 500",
                "body": "org.opentest4j.AssertionFailedError: expected: 200 but was: 500\n"
                "\tat acme.PayTest.declines(PayTest.java:41)",
            },
            "unknown",
        ),
        (
            {
                "place": "checkout fails",
                "body": "Error: expect(1).toBe(2)\n    at Object.<anonymous> (/app/checkout.test.js:12:25)",
            },
            "unknown",
        ),
        (
            {
                "place": "acme.PayTest", "message": "boom",
                "body": "java.lang.IllegalStateException: boom\n\tat acme.Pay.go(Pay.java:5)\n"
                "\tat acme.PayTest.pays(PayTest.java:9)",
            },
            "product",
        ),
    ],
)  # fmt: skip
def test_a_failure_of_its_own_says_where_its_fault_sits(tmp_path: Path, told: dict[str, str], fault: str) -> None:
    (failure,) = found(tmp_path, report(case("test_a", took_s=1.0, **told))).failed_tests

    assert failure.fault == fault, failure.statement
    assert failure.statement


def test_a_test_that_gives_up_although_the_server_answered_is_the_client(tmp_path: Path) -> None:
    made, _ = system()
    trace = made.request(FAILED_S, "shop", REVISION, path="/fine", latency_s=0.3)
    failed = case("test_a", took_s=30, message="Timeout 30000ms exceeded", output=f"trace_id={trace}")

    (failure,) = found(tmp_path, report(failed), of=made).failed_tests

    assert failure.fault == "client"
    assert "answered within 0.3 s" in failure.statement


@pytest.mark.parametrize(
    ("cases", "problem"),
    [
        ((), "nothing_collected"),
        (('<testcase name="a"><skipped/></testcase>',), "all_skipped"),
        (tuple(case(f"t{n}", message="Timed out waiting for response") for n in range(4)), "all_timed_out"),
        ((case("a"),), ""),
    ],
)
def test_a_run_that_proves_nothing_is_told(tmp_path: Path, cases: tuple[str, ...], problem: str) -> None:
    told = found(tmp_path, report(*cases))

    (run,) = told.test_runs
    assert run.problem == problem
    rows = build_report(told, ReportConfig()).tests
    assert bool(rows) is bool(problem)


def test_a_report_read_again_is_a_duplicate_and_every_case_is_counted(tmp_path: Path) -> None:
    store = System().stored(tmp_path)
    text = report(case("test_a"), case("test_b", message="no"), case("test_b", message="no, again"))

    first = read_in(store, tmp_path, text)
    again = read_in(store, tmp_path, text, text.replace("test_a", "test_z"))

    assert (first.read, first.stored, first.is_balanced) == (3, 3, True)
    assert (again.read, again.stored, again.duplicates) == (6, 3, 3)


def test_no_secret_of_a_report_is_stored(tmp_path: Path) -> None:
    store = System().stored(tmp_path)
    secret = "ghp_" + "a1B2" * 10
    read_in(store, tmp_path, report(case(f"test_a[{secret}]", message=f"token={secret}", body=secret, output=secret)))

    with store.read() as reader:
        rows: list[dict[str, Any]] = reader.sql("select * from test_cases").to_dicts()

    assert rows
    assert secret not in str(rows)


def test_the_report_and_the_findings_tell_them(tmp_path: Path) -> None:
    made, trace = system()
    failed = case("test_a", message="assert 500 == 200", output=f"trace_id={trace}")
    alone = case("test_b", message="AssertionError: basket is empty")

    told = found(tmp_path, report(failed, alone, zone=""), of=made)

    view = build_report(told, ReportConfig())
    lines = [line.text for incident in view.incidents for line in incident.lines if line.label == "TESTS"]
    assert lines == ["1 of 2 tests of run e2e failed with it (by its trace): tests.e2e.test_shop::test_a"]
    assert "taken for UTC" in view.tests[0].title
    assert "basket is empty" in view.tests[1].title
    exported = findings_json(told)
    assert exported["test_runs"][0]["failed"] == 2
    assert Lookup(told)


def maven(folder: Path, *classes: tuple[str, float, str]) -> Path:
    """A folder with a file a class: its name, when it began, and how its one case ended."""
    target = folder / "surefire-reports"
    target.mkdir(parents=True, exist_ok=True)
    for name, at_s, message in classes:
        told = case("works", place=name, message=message) if message else case("works", place=name)
        (target / f"TEST-{name}.xml").write_text(report(told, at_s=at_s, name=name))
    return target


def runs_of(folder: Path, target: Path) -> Findings:
    of = system()[0]
    read_files(of.stored(folder), target)
    return of.findings(folder, 8 * HOUR)


def test_a_file_a_class_is_one_run(tmp_path: Path) -> None:
    told = runs_of(
        tmp_path,
        maven(
            tmp_path, ("com.acme.CartTest", FAILED_S, "boom"), ("com.acme.pay.CardTest", FAILED_S + 70, ""),
            ("com.acme.pay.RefundTest", FAILED_S + 150, "boom"),
        ),
    )  # fmt: skip

    (run,) = told.test_runs
    assert (run.suite, run.cases, run.failed) == ("com.acme", 3, 2)
    (failed,) = told.failed_tests
    assert (failed.cases, failed.suites) == (2, ("com.acme",))


def test_classes_that_ran_hours_apart_are_two_runs(tmp_path: Path) -> None:
    target = maven(tmp_path, ("com.acme.CartTest", FAILED_S, ""), ("com.acme.CardTest", FAILED_S - 2 * HOUR, ""))

    assert [run.suite for run in runs_of(tmp_path, target).test_runs] == ["com.acme.CardTest", "com.acme.CartTest"]
