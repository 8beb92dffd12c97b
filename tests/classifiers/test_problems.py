from pathlib import Path

import polars as pl
import pytest

from classifiers.config import ProblemConfig
from classifiers.problems import Verdict, judge
from tests.support.cases import MINUTE_NS, case, grid, keyed
from tests.support.system import HOUR, MINUTE, System

HISTORY_NS = 240 * MINUTE_NS
NO_ROWS = pl.DataFrame(schema={"cluster_id": pl.String, "instance": pl.String, "log": pl.String, "first_ns": pl.Int64})


def verdict(first_min: int, severity: int = 17) -> Verdict:
    """Of a failure each minute from first_min on, of a service whose exposure is not known; four hours are known."""
    of = case(grid({}), [(float(minute), "") for minute in range(first_min, 240)], severity=severity, kind="exception")
    start_ns = of.grid.timeline.end_ns - HISTORY_NS
    return judge([of], {}, NO_ROWS, history_ns=HISTORY_NS, start_ns=start_ns, config=ProblemConfig())[of.cluster_id]


@pytest.mark.parametrize(("first_min", "told"), [(90, "problem"), (0, "standing")])
def test_without_exposure_a_quiet_stretch_before_the_first_failure_makes_it_news(first_min: int, told: Verdict) -> None:
    assert verdict(first_min) == told


def test_an_exception_without_a_level_is_news_after_a_quiet_stretch_too() -> None:
    assert (verdict(90, severity=0), verdict(0, severity=0)) == ("problem", "noise")


def test_the_only_line_of_a_service_is_told_when_it_is_an_error(tmp_path: Path) -> None:
    system = System()
    system.line(2 * HOUR, "orders", "orders-00001-aaa", "Error: boom")

    assert len(system.findings(tmp_path, 4 * HOUR).incidents) == 1


def test_a_single_error_among_lines_that_passed_is_no_news(tmp_path: Path) -> None:
    system = System()
    for minute in range(240):
        system.line(minute * MINUTE, "orders", "orders-00001-aaa", "ready", severity="INFO")
    system.line(2 * HOUR, "orders", "orders-00001-aaa", "Error: boom")

    assert system.findings(tmp_path, 4 * HOUR).incidents == ()


def refused(*, offset_min: int = 0, before_s: tuple[int, ...] = ()) -> System:
    """A shop that asks a door for tokens; its deploy after two hours is refused, and neither side shares a trace.

    The door warns `offset_min` minutes later than the shop fails, and at before_s.
    """
    system = System()
    for minute in range(240):
        at_s, revision = minute * MINUTE, "shop-00001-old" if minute < 120 else "shop-00002-new"
        trace = system.request(at_s, "shop", revision, latency_s=0.4)
        system.span(at_s, "shop", trace, "a" * 16)
        system.span(at_s + 0.1, "door", trace, "b" * 16, "a" * 16)
        is_refused = minute >= 121 + offset_min
        warned = system.request(at_s + 20, "door", "door-00001-old", status=403 if is_refused else 200, agent="lib/1")
        if is_refused or at_s in before_s:
            system.line(at_s + 20.01, "door", "door-00001-old", "no signature", severity="WARNING", trace=warned)
        if minute >= 121:
            system.line(at_s + 20.03, "shop", revision, "Error: token refused with 403")
    return system


def test_a_warning_of_the_called_service_that_begins_with_the_error_of_its_caller_is_told_with_it(
    tmp_path: Path,
) -> None:
    findings = refused().findings(tmp_path, 4 * HOUR)

    told = {cluster.title: cluster for cluster in findings.clusters}
    assert len(findings.incidents) == 1
    assert findings.incidents[0].root == told["Error: token refused with 403"].id
    assert told["no signature"].caused_by == findings.incidents[0].root
    assert told["no signature"].attribution is not None
    assert told["no signature"].attribution.revision == "shop-00002-new"
    assert "rule:same-onset-in-called-service" in {one.query for one in told["no signature"].evidence}


@pytest.mark.parametrize(
    "system", [refused(offset_min=40), refused(before_s=(20 * MINUTE, 70 * MINUTE))], ids=["later", "seen before"]
)
def test_a_warning_that_began_later_or_was_there_before_stays_noise(tmp_path: Path, system: System) -> None:
    findings = system.findings(tmp_path, 4 * HOUR)

    assert "no signature" not in {cluster.title for cluster in findings.clusters}


def starting(*lines: tuple[float, str, str]) -> System:
    """A service of which ten minutes are known: it starts every minute, with these lines at their seconds."""
    system = System()
    for minute in range(10):
        for at_s, severity, text in lines:
            system.line(minute * MINUTE + at_s, "orders", "orders-00001-aaa", text, severity=severity)
    return system


def test_a_warning_written_straight_behind_a_failure_is_part_of_it(tmp_path: Path) -> None:
    system = starting(
        (1.0, "ERROR", "Error: no table"), (1.0002, "WARNING", "going on without it"), (1.2, "WARNING", "old setting")
    )

    findings = system.findings(tmp_path, 10 * MINUTE)

    assert {cluster.title for cluster in findings.clusters} == {"Error: no table", "going on without it"}
    assert {cluster.title for cluster in findings.noise} == {"old setting"}


def test_a_refused_request_is_told_with_the_line_that_says_why(tmp_path: Path) -> None:
    system = starting(
        (1.0, "WARNING", "token is invalid"), (1.0003, "INFO", "GET /cart 403"), (1.3, "INFO", "GET /lost 404")
    )

    findings = system.findings(tmp_path, 10 * MINUTE)

    assert {cluster.title for cluster in findings.clusters} == {"token is invalid", "GET /cart answered 403"}
    assert {cluster.title for cluster in findings.noise} == {"requests answered 404"}


def test_a_probe_that_the_application_warns_of_is_told_where_nothing_is_known_to_compare_with(tmp_path: Path) -> None:
    system = System()
    for at_s in (60, 120):
        trace = system.request(at_s, "door", "door-00001-aaa", status=403, path="/../etc/passwd", agent="lib/1")
        system.line(at_s + 0.01, "door", "door-00001-aaa", "blocked a probe", severity="WARNING", trace=trace)
        system.request(at_s + 5, "door", "door-00001-aaa", status=404, path="/wp-login.php", agent="lib/1")

    findings = system.findings(tmp_path, 10 * MINUTE)

    told = {cluster.title for cluster in findings.clusters}
    assert {"blocked a probe", "GET /../etc/passwd answered 403"} <= told
    assert "requests answered 404" not in told


def answered(status: int, **changes: str) -> System:
    """Four hours of a shop; from the third on half of the requests are answered so."""
    system = System()
    for half_minute in range(480):
        is_met = half_minute >= 240 and half_minute % 2
        system.request(
            half_minute * 30, "shop", "shop-00001-aaa", status=status if is_met else 200, **(changes if is_met else {})
        )
    return system


def test_requests_that_the_platform_turned_away_are_failures(tmp_path: Path) -> None:
    findings = answered(429, said="The request was aborted because there was no available instance.").findings(
        tmp_path, 4 * HOUR
    )

    told = [cluster.title for cluster in findings.clusters]
    assert told == ["429 The request was aborted because there was no available instance."]
    assert findings.noise == ()


def test_requests_that_an_application_refuses_are_none_by_themselves(tmp_path: Path) -> None:
    findings = answered(429).findings(tmp_path, 4 * HOUR)

    assert findings.clusters == ()
    assert [cluster.title for cluster in findings.noise] == ["GET /orders answered 429"]


@pytest.mark.parametrize(
    ("title", "traces", "told"),
    [
        ("tasks answered 503 to GET /a", range(2), "problem"),
        ("something answered 503 to GET /a", range(2), "noise"),
        ("tasks answered 503 to GET /a", range(99, 101), "noise"),
    ],
)
def test_few_failures_that_name_a_service_are_told_with_the_problem_of_that_service_in_their_traces(
    title: str, traces: range, told: Verdict
) -> None:
    exposed = grid(r1=10.0)
    problem = case(exposed, [(120.0 + turn, "r1") for turn in range(60)], service="tasks", cluster_id="problem")
    few = case(exposed, [(130.0, "r1"), (131.0, "r1")], title=title, cluster_id="few")
    few = keyed(few, [f"{number:032x}" for number in traces])
    start_ns = exposed.timeline.end_ns - HISTORY_NS

    verdicts = judge([few, problem], {}, NO_ROWS, history_ns=HISTORY_NS, start_ns=start_ns, config=ProblemConfig())

    assert (verdicts["few"], verdicts["problem"]) == (told, "problem")
