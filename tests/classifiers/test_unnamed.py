from pathlib import Path

import pytest

from classifiers.attribution import Weighed
from classifiers.lineage import Lineage
from classifiers.rivals import Split
from classifiers.unnamed import in_shared_minutes, steady_of
from classifiers.weighing import Judged
from tests.support.cases import case, grid
from tests.support.system import HOUR, START_NS, System
from tests.support.telling import explained, only_root, statements

OLD, NEW = "orders-00001-aaa", "orders-00002-bbb"
EXPIRED = "SSLError: certificate has expired or is not yet valid: now is after 2026-09-14T13:00:00Z"


@pytest.mark.parametrize("deployed_s", [None, 3 * HOUR - 600])
def test_an_expired_certificate_is_told_with_the_instant_that_its_message_names(
    tmp_path: Path, deployed_s: int | None
) -> None:
    system = System()
    system.deploy(-HOUR, "orders", OLD, image="a", env={})
    if deployed_s is not None:
        system.deploy(deployed_s, "orders", NEW, image="b", env={})
    for step, at in enumerate(range(0, 6 * HOUR, 30)):
        name = NEW if deployed_s is not None and at >= deployed_s + 20 and step % 2 else OLD
        if at >= 3 * HOUR and step % 3 == 0:
            system.failure(at, "orders", name, EXPIRED)
        else:
            system.request(at, "orders", name)

    cluster = only_root(system.findings(tmp_path, 6 * HOUR))

    found = explained(cluster, "certificate")
    assert (cluster.cause, cluster.fault) == ("certificate", "configuration")
    assert cluster.onset.at_ns == START_NS + (3 * HOUR) * 10**9 + 40_000_000
    assert "the message tells of 2026-09-14T13:00:00 UTC, where it begins" in statements(found)
    if deployed_s is not None:
        assert "in the minutes that they share failed" in statements(found)


def test_revisions_are_compared_in_the_minutes_that_they_share() -> None:
    both = grid({"new": [0.0] * 120 + [5.0] * 120, "old": [5.0] * 180 + [0.0] * 60})
    found = case(both, [(121 + n, "new" if n % 2 else "old") for n in range(50)])

    (told,) = in_shared_minutes(found)

    assert told.statement == "in the minutes that they share failed: new 25 of 295, old 25 of 295"


def test_a_revision_alone_is_compared_with_nothing() -> None:
    assert in_shared_minutes(case(grid(old=5.0), [(121 + n, "old") for n in range(50)])) == ()


def test_a_share_of_test_requests_that_fails_as_ever_is_standing(tmp_path: Path) -> None:
    system = System()
    system.deploy(-HOUR, "orders", OLD, image="a", env={})
    system.deploy(3 * HOUR, "orders", NEW, image="b", env={})
    for step, at in enumerate(range(0, 6 * HOUR, 40)):
        name = OLD if at < 3 * HOUR + 20 else NEW
        system.request(at, "orders", name)
        agent = "pytest-suite/1.0"
        if step % 10 == 0:
            system.failure(at + 3, "orders", name, "PermissionError: guest may not", agent=agent, status=403)
        elif step % 2 == 0:
            system.request(at + 3, "orders", name, agent=agent)

    findings = system.findings(tmp_path, 6 * HOUR)

    assert findings.clusters == ()
    assert [one.title for one in findings.standing] == ["PermissionError: guest may not"]


@pytest.mark.parametrize(
    ("good", "told"),
    [(0, "not enough requests are known before it to"), (20, "the 20 requests before it do not")],
)
def test_where_nothing_is_known_from_before_no_number_of_requests_is_told(good: int, told: str) -> None:
    asked = grid({"old": [1.0] * 240})
    found = case(asked, [(good + number, "old") for number in range(60)])
    nothing = Split(0.0, 60, 60.0, 0, 0.0)
    judged = Judged(found, "c1", None, Weighed((), 0.5, nothing, 0.5), (), "it failed", Lineage(()))

    assert steady_of(judged, "users", 0.5).statement == f"{told} rule out that nothing changed"
