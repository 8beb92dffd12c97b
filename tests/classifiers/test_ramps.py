import math

import numpy as np
import pytest

from classifiers.cases import Case
from classifiers.ramps import outside_ramp, slow_gain
from classifiers.rivals import Candidate, outside_gain, revision_gain
from tests.support.cases import MINUTE_NS, case, grid

PER_MINUTE = 0.3 / 1440
TURN = 200


def served(shape: float, *, failures: int = 120, begin: int = TURN) -> Case:
    """`new` serves from minute 200 to 600; its rate is a power of the time since `begin`."""
    exposed = grid({"old": [10.0] * TURN + [0.0] * 400, "new": [0.0] * TURN + [10.0] * 400}, minutes=600)
    places = (np.arange(failures) + 0.5) / failures
    minutes = begin + (600 - begin) * places ** (1 / (shape + 1))
    return case(exposed, [(float(minute), "new") for minute in minutes])


def candidate(of: Case) -> Candidate:
    return Candidate("p", "orders", "new", "own", TURN * MINUTE_NS, (), of.revisions, of.grid, 1.0)


def slow(of: Case) -> float:
    suspect = candidate(of)
    return slow_gain(of, suspect, revision_gain(of, suspect))


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_what_fails_the_more_the_longer_it_runs_speaks_for_a_revision(power: float) -> None:
    assert slow(served(power)) > 5


def test_what_fails_evenly_since_the_roll_out_is_no_ramp_and_costs_little() -> None:
    assert -0.5 < slow(served(0.0)) < 0


def test_too_few_failures_show_no_shape() -> None:
    assert slow(served(2.0, failures=4)) == 0.0
    assert outside_ramp(served(2.0, failures=4), PER_MINUTE) == -math.inf


def test_growth_since_the_roll_out_makes_the_revision_likelier_than_a_step_at_any_later_moment() -> None:
    of = served(1.0)
    suspect = candidate(of)
    split = revision_gain(of, suspect)

    revision = split.gain + math.log(0.03)
    outside = outside_gain(of, is_over=False, per_minute=PER_MINUTE)[0]

    assert revision + slow_gain(of, suspect, split) > max(outside, outside_ramp(of, PER_MINUTE)) > revision


def test_growth_that_began_long_after_the_roll_out_speaks_for_the_outside() -> None:
    of = served(0.5, begin=400)
    suspect = candidate(of)
    split = revision_gain(of, suspect)

    outside = outside_gain(of, is_over=False, per_minute=PER_MINUTE)[0]

    assert outside > split.gain + math.log(0.03) + slow_gain(of, suspect, split)


def test_growth_to_most_of_the_requests_that_goes_no_further_speaks_for_the_revision_with_which_it_began() -> None:
    """Grown evenly over six hours to six in ten: no step and no power of time fits as well."""
    exposed = grid({"old": [2.0] * TURN + [0.0] * 1000, "new": [0.0] * TURN + [2.0] * 1000}, minutes=1200)
    random = np.random.default_rng(4)
    chances = [0.6 * min(max(minute - TURN, 0) / 360, 1.0) for minute in range(1200)]
    of = case(exposed, [(minute + 0.5, "new") for minute in range(1200) for _ in range(2)
                        if random.random() < chances[minute]])  # fmt: skip
    suspect = candidate(of)
    split = revision_gain(of, suspect)

    revision = split.gain + math.log(0.03) + slow_gain(of, suspect, split)
    outside = outside_gain(of, is_over=False, per_minute=PER_MINUTE)[0]

    assert revision > max(outside, outside_ramp(of, PER_MINUTE))
