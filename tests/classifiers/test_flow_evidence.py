"""Steps that the blamed revision lost are evidence of its verdict."""

from pathlib import Path

from classifiers.findings import Cluster
from tests.support.journeys import NEW, OLD, SERVICE, served
from tests.support.system import HOUR, System


def broken(system: System, *, has_spans: bool = True) -> System:
    """NEW takes over after an hour; each request fails without the step that it skips."""
    system.deploy(0, SERVICE, OLD, image="a")
    system.deploy(HOUR, SERVICE, NEW, image="b")
    for number in range(300):
        system.request(number * 12, SERVICE, OLD)
        system.failure(HOUR + 60 + number * 12, SERVICE, NEW, "token is not verified")
    if has_spans:
        served(system, OLD, 60, ["accept", "auth.verify", "store"])
        served(system, NEW, 60, ["accept"], start_s=HOUR + 60)
    return system


def statements(cluster: Cluster) -> list[str]:
    assert cluster.attribution is not None
    return [fact.statement for fact in cluster.attribution.evidence if fact.query == "find_flow_steps"]


def test_the_blamed_revision_is_told_with_the_steps_it_lost(tmp_path: Path) -> None:
    cluster = broken(System()).findings(tmp_path, 2 * HOUR + 300).clusters[0]

    counts = "in `POST /pay`: 0 of 58 traces, 60 of 60 before"
    assert statements(cluster) == [
        f"since {NEW} the step `auth.verify` no longer follows `accept` {counts}",
        f"since {NEW} the step `store` no longer follows `auth.verify` {counts}",
    ]


def test_without_spans_there_is_no_such_evidence(tmp_path: Path) -> None:
    assert statements(broken(System(), has_spans=False).findings(tmp_path, 2 * HOUR + 300).clusters[0]) == []


def test_steps_that_stay_the_same_are_no_evidence(tmp_path: Path) -> None:
    system = broken(System(), has_spans=False)
    served(system, OLD, 60, ["accept", "store"])
    served(system, NEW, 60, ["accept", "store"], start_s=HOUR + 60)

    assert statements(system.findings(tmp_path, 2 * HOUR + 300).clusters[0]) == []
