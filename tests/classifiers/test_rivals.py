import math

import pytest

from classifiers.cases import Case
from classifiers.exposure import Grid
from classifiers.rivals import Candidate, Relation, outside_gain, revision_gain
from tests.support.cases import MINUTE_NS, case, grid

HALF = [10.0] * 120 + [0.0] * 120
LATE = [0.0] * 120 + [10.0] * 120


def candidate(of: Case, revision: str, *, relation: Relation = "own", later: tuple[str, ...] = ()) -> Candidate:
    return Candidate("p", "orders", revision, relation, 0, later, of.revisions, of.grid, 1.0)


def outside(of: Case) -> float:
    return outside_gain(of, is_over=False, per_minute=0.3 / 1440)[0]


def test_failures_on_one_revision_only_speak_for_it() -> None:
    found = case(grid({"old": HALF, "new": LATE}), [(121 + n, "new") for n in range(100)])

    split = revision_gain(found, candidate(found, "new"))

    assert (split.failures_bad, split.exposed_bad, split.failures_good, split.exposed_good) == (100, 1200, 0, 1200)
    assert split.rate_good == 0.0
    assert split.gain + math.log(0.03) > outside(found)


def test_an_outage_that_hits_both_revisions_at_once_speaks_for_the_outside() -> None:
    both = grid({"new": [0.0] * 120 + [5.0] * 120}, old=5.0)
    found = case(both, [(121 + n, "new" if n % 2 else "old") for n in range(100)])

    split = revision_gain(found, candidate(found, "new"))

    assert outside(found) > split.gain + math.log(0.03) + 5


def test_a_long_time_of_good_requests_on_a_revision_clears_it() -> None:
    found = case(
        grid({"old": [10.0] * 30 + [0.0] * 210, "new": [0.0] * 30 + [10.0] * 210}),
        [(200 + n / 2, "new") for n in range(80)],
    )

    assert outside(found) > revision_gain(found, candidate(found, "new")).gain + math.log(0.03)


def test_a_revision_that_fails_less_than_the_others_is_no_suspect() -> None:
    found = case(grid(old=5.0, new=5.0), [(n, "old") for n in range(100)] + [(n + 0.5, "new") for n in range(3)])

    assert revision_gain(found, candidate(found, "new")).gain == -math.inf


def test_the_same_rate_everywhere_gains_nothing() -> None:
    found = case(grid(old=5.0, new=5.0), [(n * 2.0, "old" if n % 2 else "new") for n in range(100)])

    assert revision_gain(found, candidate(found, "new")).gain < 1


def test_every_explanation_parts_the_same_whole_where_more_failed_than_is_known_to_have_been_asked() -> None:
    exposed = grid({"old": [1.0] * 120 + [0.0] * 120, "new": [0.0] * 120 + [1.0] * 120})
    found = case(exposed, [(130 + n / 4, "new") for n in range(400)])
    other = Candidate("p", "tasks", "t1", "callee", 0, (), ["t1"] * 400, grid(t1=1.0, t2=1.0), 1.0)

    whole = found.held.total.sum()
    splits = [
        revision_gain(found, candidate(found, "new")), revision_gain(found, other),
        outside_gain(found, is_over=False, per_minute=0.001)[1],
    ]  # fmt: skip

    assert whole == 120 + 20 + 400
    assert [split.exposed_bad + split.exposed_good for split in splits] == [pytest.approx(whole)] * 3
    assert all(split.exposed_bad >= split.failures_bad for split in splits)


def test_a_fault_that_later_revisions_keep_is_counted_on_them_too() -> None:
    thirds = {
        "old": [9.0] * 80 + [0.0] * 160,
        "bad": [0.0] * 80 + [9.0] * 80 + [0.0] * 80,
        "next": [0.0] * 160 + [9.0] * 80,
    }
    found = case(grid(thirds), [(81 + n, "bad" if n < 79 else "next") for n in range(150)])

    split = revision_gain(found, candidate(found, "bad", later=("next",)))

    assert split.revisions == ("bad", "next")
    assert split.failures_bad == 150


def test_a_called_service_is_weighed_by_its_share_of_the_traffic() -> None:
    own, called = grid(mine=10.0), grid({"old": HALF, "new": LATE})
    found = case(own, [(121 + n, "mine") for n in range(100)])
    suspect = Candidate("p", "tasks", "new", "callee", 120 * MINUTE_NS, (), ["new"] * 100, called, 0.0)

    split = revision_gain(found, suspect)

    assert split.exposed_bad == pytest.approx(1200)
    assert split.failures_good == 0


@pytest.mark.parametrize("exposed", [grid(only=0.0), grid()])
def test_without_exposure_nothing_is_gained(exposed: Grid) -> None:
    found = case(exposed, [(n, "only") for n in range(10)])

    assert revision_gain(found, candidate(found, "only")).gain <= 1e-6


def test_eight_of_eight_after_fourteen_that_did_not_fail_is_no_chance() -> None:
    """Requests fail at most once: counted as if they could fail twice, the same figures would say a hundredth of it."""
    old, new = [1.0] * 14 + [0.0] * 8, [0.0] * 14 + [1.0] * 8
    found = case(grid({"old": old, "new": new}, minutes=22), [(14.5 + n, "new") for n in range(8)])

    split = revision_gain(found, candidate(found, "new"))

    assert (split.failures_bad, split.exposed_bad, split.exposed_good) == (8, 8, 14)
    assert split.gain == pytest.approx(11.9, abs=0.1)
