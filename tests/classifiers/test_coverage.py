"""The blind spots are told: what was stored and not looked through yet."""

from pathlib import Path

from classifiers.classify import ClassifyConfig, classify, sign_new
from classifiers.findings import Findings
from collector.store import Store
from collector.window import Window
from tests.support.system import START_NS, System

END_NS = START_NS + 600 * 10**9


def findings(store: Store) -> Findings:
    with store.read() as reader:
        return classify(reader, window=Window(START_NS, END_NS), now_ns=END_NS, config=ClassifyConfig())


def test_what_a_cut_off_run_left_unsigned_is_a_blind_spot_until_it_is_signed(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 300)
    store = system.stored(tmp_path, is_signed=False)

    before = findings(store).coverage
    sign_new(store)
    after = findings(store).coverage

    assert next(spot for spot in before.blind_spots if "not looked through yet" in spot).startswith(
        f"{before.entries} "
    )
    assert not [spot for spot in after.blind_spots if "not looked through yet" in spot]


def test_a_revision_that_wrote_entries_but_no_request_log_is_not_told_as_unknown(tmp_path: Path) -> None:
    system = System()
    system.line(5, "orders", "orders-00001-abc", "cannot pay")

    spots = findings(system.stored(tmp_path)).coverage.blind_spots

    assert not [spot for spot in spots if "wrote no entry" in spot]
    assert "latency, hung requests and events that stop are not looked for yet" in spots
