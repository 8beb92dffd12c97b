"""How long the blamed revision served before a failure met it: from when it was asked, on its own failures."""

from pathlib import Path

from classifiers.findings import Attribution
from tests.support.system import HOUR, MINUTE, System

OLD, NEW = "orders-00041-abc", "orders-00042-def"


def sentence(system: System, folder: Path) -> str:
    """What is said of the first failure of the one cluster."""
    (found,) = system.findings(folder, 5 * HOUR, HOUR).clusters
    attribution: Attribution | None = found.attribution
    assert attribution is not None
    assert attribution.revision == NEW
    return next(fact.statement for fact in attribution.evidence if fact.statement.startswith("the first failure on"))


def serving(*, moved_s: float, broken_s: float) -> System:
    """Six requests a minute; those to the new revision fail, one in three, since an instant."""
    system = System()
    for number in range(5 * HOUR // 10):
        at_s = number * 10.0
        revision = NEW if at_s >= moved_s else OLD
        if revision == NEW and at_s >= broken_s and number % 3 == 1:
            system.failure(at_s, "orders", revision, "KeyError: the price is missing")
        else:
            system.request(at_s, "orders", revision)
    return system


def test_a_revision_that_waits_for_traffic_does_not_serve_yet(tmp_path: Path) -> None:
    system = serving(moved_s=3 * HOUR, broken_s=3 * HOUR)
    system.line(3 * HOUR - 69 * MINUTE, "orders", NEW, "Listening on port 8080", severity="INFO")

    assert sentence(system, tmp_path).startswith(f"the first failure on {NEW} came 10 s after it was first asked (")


def test_what_takes_a_while_to_fail_is_told_so(tmp_path: Path) -> None:
    told = sentence(serving(moved_s=3 * HOUR, broken_s=3 * HOUR + MINUTE), tmp_path)

    assert told.startswith(f"the first failure on {NEW} came 70 s after it was first asked (2026-09-14T13:00:00")


def test_failures_on_revisions_before_do_not_count_as_its_first(tmp_path: Path) -> None:
    system = serving(moved_s=3 * HOUR, broken_s=3 * HOUR + 2 * MINUTE)
    for number in range(3):
        system.failure(number * HOUR + 7, "orders", OLD, "KeyError: the price is missing")

    assert sentence(system, tmp_path).startswith(f"the first failure on {NEW} came 2 min after it was first asked (")
