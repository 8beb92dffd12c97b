from classifiers.endings import ended_by_itself
from classifiers.rivals import Candidate, revision_gain
from tests.support.cases import case, grid


def ended(*, served_on: bool, failing: range) -> bool:
    """Forty minutes of failures of a new revision that serves on after them, or is rolled back."""
    until = 240 if served_on else 170
    new = [10.0 if 120 <= minute < until else 0.0 for minute in range(240)]
    old = [0.0 if 120 <= minute < until else 10.0 for minute in range(240)]
    found = case(grid({"old": old, "new": new}), [(minute + 0.5, "new") for minute in failing])
    candidate = Candidate("p", "orders", "new", "own", 0, (), found.revisions, found.grid, 1.0)
    return ended_by_itself(found, candidate, revision_gain(found, candidate))


def test_a_failure_that_stops_while_the_revision_serves_on_ended_by_itself() -> None:
    assert ended(served_on=True, failing=range(125, 165))


def test_a_failure_that_stops_with_the_roll_back_did_not() -> None:
    assert not ended(served_on=False, failing=range(125, 169))


def test_a_failure_that_goes_on_did_not() -> None:
    assert not ended(served_on=True, failing=range(125, 240))
