from pathlib import Path

from tests.support.system import HOUR, System
from tests.support.telling import explained, only_root, statements

OLD, NEW = "orders-00001-aaa", "orders-00002-bbb"


def test_failures_that_come_and_go_with_the_load_are_of_the_traffic(tmp_path: Path) -> None:
    system = System()
    system.deploy(-HOUR, "orders", OLD, image="a", env={"A": "1"})
    system.deploy(2 * HOUR, "orders", NEW, image="b", env={"A": "1"})
    system.traffic("orders", OLD, 0, 2 * HOUR, every_s=15)
    system.traffic("orders", NEW, 2 * HOUR, 6 * HOUR, every_s=15)
    for name, start, end in ((OLD, 0, 2), (NEW, 2, 6)):
        system.traffic("orders", name, start * HOUR + 7, end * HOUR, every_s=30, path="/search")
    for begin in (3.0, 4.5):
        for step in range(450):
            at = begin * HOUR + step * 2.5 + 0.5
            if step % 3:
                system.request(at, "orders", NEW, path="/search")
            else:
                told = "The request was aborted because there was no available instance."
                system.failure(at, "orders", NEW, told, status=429, path="/search")

    cluster = only_root(system.findings(tmp_path, 6 * HOUR))

    found = explained(cluster, "traffic")
    assert cluster.cause == "traffic"
    assert found.confidence > 0.9
    assert "requests a minute then" in found.statement
    assert "of what was asked more came on GET /search" in statements(found)
    assert cluster.attribution is None or cluster.attribution.confidence < 0.1


def test_callers_that_ask_again_because_a_deploy_fails_do_not_make_it_the_traffic(tmp_path: Path) -> None:
    system = System()
    system.deploy(-HOUR, "orders", OLD, image="a", env={"A": "1"})
    system.deploy(3 * HOUR, "orders", NEW, image="b", env={})
    system.traffic("orders", OLD, 0, 3 * HOUR, every_s=15)
    for at in range(3 * HOUR + 30, 6 * HOUR, 30):
        for again in range(4):
            system.failure(at + again * 1.5, "orders", NEW, "KeyError: 'A'")
        system.request(at + 15, "orders", NEW)

    cluster = only_root(system.findings(tmp_path, 6 * HOUR))

    assert cluster.cause == "revision"
    assert all(one.cause != "traffic" or one.confidence < 0.1 for one in cluster.hypotheses)
