import numpy as np
import pytest

from classifiers.cases import Case
from classifiers.exposure import Grid
from classifiers.findings import SideBySide
from classifiers.rivals import Candidate, revision_gain
from classifiers.side_by_side import compare
from tests.support.cases import case, grid


def canary(seed: int, *, old: float, new: float, outage: float = 1.0, from_min: int = 60) -> tuple[Case, Grid]:
    """Four hours in which the new revision takes a tenth, then half of 20 requests a minute; rates of failure."""
    share = np.where(np.arange(240) < from_min, 0.0, np.where(np.arange(240) < 150, 0.1, 0.5))
    asked = {"old": 20 * (1 - share), "new": 20 * share}
    random = np.random.default_rng(seed)
    failures: list[tuple[float, str]] = []
    for name, rate in (("old", old), ("new", new)):
        times = np.where(np.arange(240) >= from_min, outage, 1.0)
        for minute, many in enumerate(random.poisson(asked[name] * rate * times)):
            failures += [(minute + random.random(), name) for _ in range(many)]
    exposed = grid({name: counts.tolist() for name, counts in asked.items()})
    return case(exposed, failures or [(1.0, "old")]), exposed


def compared(of: Case, exposed: Grid, *, linked: float = 1.0) -> SideBySide:
    suspect = Candidate("p", "orders", "new", "own", 0, (), of.revisions, exposed, linked)
    return compare(of, suspect, revision_gain(of, suspect))


def test_a_revision_that_fails_ten_times_as_often_differs() -> None:
    found = compared(*canary(1, old=0.01, new=0.1))

    assert found.verdict == "differs"
    assert found.evidence >= 20
    assert found.minutes == 179  # without the one in which it began
    assert found.failures_new > found.failures_old


def test_an_outage_of_both_is_no_difference_whatever_it_looks_like_before_and_after() -> None:
    found = compared(*canary(2, old=0.01, new=0.01, outage=20.0))

    assert found.verdict == "no difference"
    assert found.most_times is not None
    assert found.most_times <= 3


@pytest.mark.parametrize("linked", [0.0, 0.5])
def test_where_no_row_tells_the_revision_of_a_failure_nothing_is_compared(linked: float) -> None:
    found = compared(*canary(1, old=0.01, new=0.1), linked=linked)

    assert (found.verdict, found.minutes) == ("not testable", 0)


def test_without_a_shared_minute_it_is_not_testable() -> None:
    exposed = grid({"old": [10.0] * 120 + [0.0] * 120, "new": [0.0] * 120 + [10.0] * 120})
    of = case(exposed, [(121.0 + n, "new") for n in range(100)])

    assert compared(of, exposed).verdict == "not testable"


def test_few_failures_are_too_few_to_tell() -> None:
    exposed = grid(old=10.0, new=10.0)

    assert compared(case(exposed, [(10.0, "new"), (20.0, "new"), (30.0, "old")]), exposed).verdict == "too few"


def test_equal_rates_are_refuted_in_at_most_one_of_twenty_histories() -> None:
    refuted = sum(compared(*canary(seed, old=0.02, new=0.02, outage=3.0)).evidence >= 20 for seed in range(200))

    assert refuted <= 10
