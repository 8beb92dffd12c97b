import pytest

from classifiers.findings import Absence, Cluster, Explains, Latency, Priority, State
from classifiers.incidents import find_incidents, with_shared_dependencies
from collector.replacing import replace
from collector.window import NS_PER_S, Window
from tests.support.findings import cluster, dependency, symptom

WINDOW = Window(0, 2**62)
SAMPLE = "cannot reach 10.0.0.9:6379: connection refused"


def late(**changes: object) -> Cluster:
    """Another service that fails of the same cache five minutes later."""
    first = dependency()
    at_ns = first.onset.at_ns + 300 * NS_PER_S
    made = dependency(id="c-desk", service="desk", sample=f"dial {SAMPLE}", onset=replace(first.onset, at_ns=at_ns))
    return replace(made, **changes)  # type: ignore[arg-type] # fields of a cluster


def test_services_that_fail_of_one_dependency_at_once_have_one_incident_and_two_roots() -> None:
    first, below = dependency(sample=SAMPLE), symptom(caused_by="c-desk")

    told = with_shared_dependencies([first, late(), below])
    (incident,) = find_incidents(told, WINDOW)

    assert (incident.root, set(incident.symptoms)) == ("c-cache", {"c-desk", "c-slow"})
    assert [one.role for one in told] == ["root", "root", "symptom"]
    assert [one.query for one in told[1].evidence] == [*(one.query for one in late().evidence), "rule:same-dependency"]


@pytest.mark.parametrize(
    "other",
    [
        late(sample="cannot reach 10.0.0.8:6379: connection refused"),
        late(sample="cannot reach the cache"),
        late(cause="unknown"),
        late(project="another-project"),
        late(onset=replace(late().onset, at_ns=dependency().last_ns + NS_PER_S)),
    ],
    ids=["another address", "no address", "another cause", "another project", "after it"],
)
def test_roots_stay_apart_unless_time_and_address_are_the_same(other: Cluster) -> None:
    told = with_shared_dependencies([dependency(sample=SAMPLE), other])

    assert len(find_incidents(told, WINDOW)) == 2
    assert told[1] == other


@pytest.mark.parametrize(
    ("sample", "incidents"),
    [
        ("cannot reach 127.0.0.1:5432 or localhost:5432", 2),
        ("connection refused at redis/client.py:1378 and conn.go:54", 2),
        ("cannot reach cache.shop.internal:6379", 1),
    ],
)
def test_ports_of_the_own_machine_and_lines_of_code_are_no_shared_dependency(sample: str, incidents: int) -> None:
    assert len(find_incidents([dependency(sample=sample), late(sample=sample)], WINDOW)) == incidents


def test_a_blamed_deploy_and_a_dependency_stay_two_incidents() -> None:
    assert len(find_incidents([cluster(sample=SAMPLE), dependency(sample=SAMPLE)], WINDOW)) == 2


@pytest.mark.parametrize(
    ("root", "below", "told"),
    [
        (("P1", "new"), ("P0", "resolved"), ("P1", True)),
        (("P1", "new"), ("P0", "ongoing"), ("P0", True)),
        (("P0", "resolved"), ("P2", "regressed"), ("P2", True)),
        (("P1", "resolved"), ("P0", "resolved"), ("P0", False)),
    ],
)
def test_what_is_over_ranks_no_incident_that_goes_on(
    root: tuple[Priority, State], below: tuple[Priority, State], told: tuple[Priority, bool]
) -> None:
    clusters = [cluster(priority=root[0], state=root[1]), symptom(priority=below[0], state=below[1])]

    (incident,) = find_incidents(clusters, WINDOW)

    assert (incident.priority, incident.is_ongoing) == told


def test_what_no_entry_tells_is_in_the_incident_of_what_explains_it() -> None:
    pay = cluster()
    gone = Absence("order.confirmed", "desk", None, None, role="symptom", caused_by=pay.id)
    slow = Latency("desk", "find_order", None, id="l-find", onset=pay.onset, role="symptom", caused_by=gone.id)
    edges = (Explains(gone.id, "l-find", 3, 4, 0, "traces"), Explains(pay.id, gone.id, 9, 9, 0, "traces"))

    (incident,) = find_incidents([pay], WINDOW, slower=[slow], missing=[gone], edges=edges)

    assert (incident.root, set(incident.symptoms)) == (pay.id, {gone.id, "l-find"})
    assert set(incident.edges) == set(edges)


def test_what_nothing_explains_is_an_incident_of_its_own() -> None:
    gone = Absence("order.confirmed", "desk", None, None, location="eu", priority="P1", is_ongoing=False)
    slow = Latency("desk", "find_order", None, id="l-find", onset=cluster().onset)
    between = (Explains(cluster().id, "l-find", 3, 4, 0, "traces"),)

    found = find_incidents([cluster(priority="P1")], WINDOW, slower=[slow], missing=[gone], edges=between)

    assert [(one.number, one.root, one.symptoms, one.edges) for one in found] == [
        (1, cluster().id, (), ()),
        (2, "l-find", (), ()),
        (3, gone.id, (), ()),
    ]
    assert [one.title for one in found[1:]] == ["find_order slower", "order.confirmed no longer arrives"]
    assert (found[2].location, found[2].is_ongoing) == ("eu", False)
