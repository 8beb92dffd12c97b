"""What a window misses is told."""

from pathlib import Path

from tests.support.system import System

_HOUR = 3600


def _spots(system: System, folder: Path, end_s: float) -> str:
    return "; ".join(system.findings(folder, end_s).coverage.blind_spots)


def test_hours_in_which_nothing_at_all_is_stored_are_told(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, _HOUR)
    system.traffic("orders", "orders-00001-abc", 3 * _HOUR, 4 * _HOUR)

    spells = system.findings(tmp_path, 4 * _HOUR).blindness

    assert [(one.kind, one.until_ns is None, one.is_news) for one in spells] == [("silence", False, False)]
    assert "nothing of any service is stored" in spells[0].sentence


def test_steady_traffic_up_to_the_end_has_no_gap(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, _HOUR)

    findings = system.findings(tmp_path, _HOUR)

    assert findings.blindness == ()
    assert "not read to their end" not in "; ".join(findings.coverage.blind_spots)


def test_a_window_that_goes_on_behind_what_was_read_says_how_long(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 600)

    assert "the last 10 min of the window are not read to their end" in _spots(system, tmp_path, 1210)


def test_deploys_that_failed_are_named(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 60)
    system.deploy(10, "orders", "orders-00002-bad", image="b", ready="False", is_named=False)

    assert "1 deploy failed and served nobody" in _spots(system, tmp_path, 60)
