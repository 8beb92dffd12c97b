from pathlib import Path

import pytest

from classifiers.problems import ProblemConfig, Verdict, judge
from tests.support.cases import MINUTE_NS, case, grid
from tests.support.system import HOUR, MINUTE, System

HISTORY_NS = 240 * MINUTE_NS


def verdict(first_min: int, severity: int = 17) -> Verdict:
    """Of a failure each minute from first_min on, of a service whose exposure is not known; four hours are known."""
    of = case(grid({}), [(float(minute), "") for minute in range(first_min, 240)], severity=severity, kind="exception")
    start_ns = of.grid.timeline.end_ns - HISTORY_NS
    return judge([of], {}, history_ns=HISTORY_NS, start_ns=start_ns, config=ProblemConfig())[of.cluster_id]


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
