import pytest

from classifiers.better import find_improved
from classifiers.cases import Case
from classifiers.config import OnsetConfig
from classifiers.explained import Improved
from tests.support.cases import MINUTE_NS, case, grid

START_NS = 120 * MINUTE_NS  # of a window of two hours, after a baseline of two hours


def standing(every: float, until: float = 119.0, *, now_every: float = 0.0, asked_now: float = 10.0) -> Case:
    """Ten requests a minute, of which one fails every so many minutes until an instant, and then at another rate."""
    exposed = grid({"r1": [10.0] * 120 + [asked_now] * 120})
    before = [(every * step + 0.5, "r1") for step in range(int(until / every))]
    now = [(120.5 + now_every * step, "r1") for step in range(int(119 / now_every))] if now_every else []
    return case(exposed, [*before, *now])


def improved(made: Case, *told: str) -> tuple[Improved, ...]:
    return find_improved([made], frozenset(told), start_ns=START_NS, config=OnsetConfig())


def test_a_failure_that_ended_is_told_with_all_that_was_exposed_since() -> None:
    (one,) = improved(standing(5.0))

    assert (one.before, one.failed, one.exposed, one.unit) == (23, 0, 1200, "requests")
    assert one.exposed_before == pytest.approx(1195, abs=10)


def test_a_failure_that_fell_is_told_with_what_is_left() -> None:
    (one,) = improved(standing(2.0, now_every=20.0))

    assert (one.before, one.failed) == (59, 5)


@pytest.mark.parametrize(
    "made",
    [
        standing(5.0, asked_now=0.2),  # hardly anybody asks any more
        standing(5.0, now_every=5.0),  # as ever
        standing(30.0),  # too few to know a rate
        standing(5.0, until=60.0),  # over long before the window
    ],
)
def test_what_could_be_chance_or_was_known_before_is_not_told(made: Case) -> None:
    assert improved(made) == ()


def test_a_problem_is_told_as_an_incident_alone() -> None:
    assert improved(standing(5.0), "c1") == ()
