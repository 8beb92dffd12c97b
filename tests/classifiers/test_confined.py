import numpy as np
import pytest

from classifiers.config import OnsetConfig
from classifiers.confined import with_first_revision
from classifiers.exposure import Grid
from classifiers.onset import Fit, find_onset
from tests.support.cases import MINUTE_NS, grid

CONFIG = OnsetConfig()


def told(minutes: list[float], exposed: Grid, revision: str = "new") -> tuple[Fit, Fit]:
    """The fit on all requests, and that of the revision."""
    times = np.array([round(minute * MINUTE_NS) for minute in minutes], dtype=np.int64)
    fit = find_onset(times, exposed, CONFIG)
    return fit, with_first_revision(fit, times, [revision] * len(times), exposed, CONFIG)


def promoted(*, pause: int = 0) -> Grid:
    """Ten requests a minute; from minute 100 on one in ten comes to a canary, which takes all of them from 160 on.

    Before that it may be withdrawn for some minutes.
    """
    share = np.where(np.arange(240) < 100, 0.0, np.where(np.arange(240) < 160, 0.1, 1.0))
    share[160 - pause : 160] = 0.0
    return grid({"old": list(10 * (1 - share)), "new": list(10 * share)})


def test_a_canary_that_fails_as_often_before_its_promotion_failed_from_its_first_failure_on() -> None:
    few = [108.5, *range(115, 160, 9)]
    fit, found = told([*few, *(160.5 + turn for turn in range(79))], promoted())

    assert fit.index == len(few)
    assert (found.index, found.at_ns, found.course) == (0, round(108.5 * MINUTE_NS), "ongoing")
    assert 100 * MINUTE_NS <= found.earliest_ns <= found.at_ns == found.latest_ns
    assert found.failures_before == 0
    assert found.exposed_before == pytest.approx(1085)


def test_a_rate_that_grew_on_the_requests_of_the_revision_itself_began_then() -> None:
    fit, found = told([104.5, *(200.5 + 0.25 * turn for turn in range(150))], promoted())

    assert fit.index == 1
    assert found == fit


def test_a_revision_that_was_withdrawn_and_is_back_fails_again() -> None:
    fit, found = told([102.5, 104.5, *(160.5 + turn for turn in range(79))], promoted(pause=50))

    assert fit.index == 2
    assert found == fit


def test_what_an_older_revision_may_have_failed_of_too_stays_as_it_is() -> None:
    exposed = grid(new=10.0)
    fit, found = told([104.5, *(160.5 + 0.5 * turn for turn in range(150))], exposed)

    assert fit.index == 1
    assert found == fit
