"""What a window misses is told."""

from pathlib import Path

from classifiers.gaps import source_gaps
from collector.store import Store
from tests.support.system import START_NS, System

_HOUR = 3600


def _spots(system: System, folder: Path, end_s: float) -> str:
    return "; ".join(system.findings(folder, end_s).coverage.blind_spots)


def test_hours_in_which_nothing_at_all_is_stored_are_told(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, _HOUR)
    system.traffic("orders", "orders-00001-abc", 3 * _HOUR, 4 * _HOUR)

    spots = _spots(system, tmp_path, 4 * _HOUR)

    assert "nothing of any service is stored from " in spots


def test_steady_traffic_up_to_the_end_has_no_gap(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, _HOUR)

    spots = _spots(system, tmp_path, _HOUR)

    assert "nothing of any service is stored" not in spots
    assert "not read to their end" not in spots


def test_a_window_that_goes_on_behind_what_was_read_says_how_long(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 600)

    assert "the last 10 min of the window are not read to their end" in _spots(system, tmp_path, 1210)


def test_deploys_that_failed_are_named(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 60)
    system.deploy(10, "orders", "orders-00002-bad", image="b", ready="False", is_named=False)

    assert "1 deploy failed and served nobody" in _spots(system, tmp_path, 60)


def test_a_source_whose_last_pull_failed_short_of_the_end_is_named(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 60)
    store: Store = system.stored(tmp_path)
    for name, outcome in (("logs", "failed: quota"), ("traces", "failed: quota"), ("traces", "complete")):
        store.end_run(store.begin_run("collect", name), outcome=outcome)

    with store.read() as reader:
        failed = reader.frame("find_failed_sources", end_ns=START_NS).rows()

    assert [name for name, _ in failed] == ["logs"]
    assert "source logs was not read to the end of the window" in source_gaps(failed)[0]
