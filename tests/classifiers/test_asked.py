from pathlib import Path

from tests.support.system import HOUR, PYTEST, System

OLD, NEW = "orders-00001-aaa", "orders-00002-bbb"


def broken() -> System:
    """Four hours of orders, of which every one fails since a deploy after two; people send 300, tests two of them."""
    system = System()
    system.traffic("orders", OLD, 0, 2 * HOUR)
    system.traffic("orders", OLD, 0, 2 * HOUR, agent=PYTEST, every_s=400)
    for number in range(300):
        system.failure(2 * HOUR + number * 24, "orders", NEW, "KeyError: 'amount'")
    for number in range(2):
        system.failure(2 * HOUR + 1000 + number * 3000, "orders", NEW, "KeyError: 'amount'", agent=PYTEST)
    system.failure(2 * HOUR + 1500, "orders", NEW, "KeyError: 'amount'", path="/rare")
    system.deploy(-HOUR, "orders", OLD, image="a")
    system.deploy(2 * HOUR - 60, "orders", NEW, image="b")
    return system


def test_what_failed_was_exposed_though_hardly_any_like_it_failed(tmp_path: Path) -> None:
    (cluster,) = broken().findings(tmp_path, 4 * HOUR).clusters

    counts = {row.revision: (row.failures, row.exposed) for row in cluster.per_revision}
    assert counts[NEW] == (303, 303)
    assert counts[OLD] == (0, 360)
    assert cluster.attribution is not None
    assert cluster.attribution.evidence[0].statement == (
        f"303 of 303 requests failed on {NEW}; 0 of 360 requests failed on all others"
    )
