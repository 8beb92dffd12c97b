"""The blind spots are told: what was stored and not looked through yet."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classifiers.classify import classify, sign_new
from classifiers.config import ClassifyConfig
from classifiers.findings import Findings
from classifiers.signatures import OCCURRENCE_SCHEMA, RULES
from collector.collect import collect
from collector.config import StoreConfig
from collector.normalise.redact import Redactor
from collector.receiver.budget import Share
from collector.receiver.intake import Intake
from collector.records import Ledger, RawBatch
from collector.store import Store
from collector.window import NS_PER_S, Window, format_ns
from logtriage.demo.generate import generate
from tests.support.entries import log_entry, raw_batch
from tests.support.receiving import proto
from tests.support.system import START_NS, System

END_NS = START_NS + 600 * 10**9
WHOLE = Window(START_NS, END_NS)


def findings(store: Store, window: Window = WHOLE) -> Findings:
    with store.read() as reader:
        return classify(reader, window=window, now_ns=window.end_ns, config=ClassifyConfig())


def stored(folder: Path, *batches: RawBatch) -> Store:
    """A signed database of these batches."""
    store = Store(StoreConfig(path=folder / "s.duckdb"), clock_ns=lambda: START_NS)
    run_id = store.begin_run("import", "files")
    collect(batches, store=store, redactor=Redactor(b"k" * 32), run_id=run_id, stored=ignored)
    store.end_run(run_id, outcome="complete")
    sign_new(store)
    return store


def ignored(raw: RawBatch, ledger: Ledger) -> None:
    """What is stored is not told to anybody."""


def at(at_s: float) -> str:
    return format_ns(START_NS + round(at_s * NS_PER_S), digits=9)


def line(insert_id: str | None, at_s: float, text: str, **changes: Any) -> dict[str, Any]:
    """A text entry at a second of the window, received at once."""
    made = {"insertId": insert_id, "timestamp": at(at_s), "receiveTimestamp": at(at_s), "textPayload": text}
    return log_entry(**(made | changes))


def test_what_a_cut_off_run_left_unsigned_is_a_blind_spot_until_it_is_signed(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 300)
    store = system.stored(tmp_path, is_signed=False)

    before = findings(store).coverage
    sign_new(store)
    after = findings(store).coverage

    assert (before.unsigned, after.unsigned) == (before.ledger_stored, 0)
    assert (before.entries, after.entries) == (0, before.ledger_stored)
    assert next(spot for spot in before.blind_spots if "not looked through yet" in spot).startswith(
        f"{before.ledger_stored} "
    )
    assert not [spot for spot in after.blind_spots if "not looked through yet" in spot]


def test_a_revision_that_wrote_entries_but_no_request_log_is_not_told_as_unknown(tmp_path: Path) -> None:
    system = System()
    system.line(5, "orders", "orders-00001-abc", "cannot pay")

    spots = findings(system.stored(tmp_path)).coverage.blind_spots

    assert not [spot for spot in spots if "wrote no entry" in spot]


def adds_up(found: Findings) -> bool:
    """Whether every entry of the window is counted once: in a problem, in noise, or as quiet."""
    seen, rest = found.coverage, (*found.standing, *found.noise)
    return (
        seen.problem_entries == sum(one.entries for one in found.clusters)
        and seen.noise_entries == sum(one.entries for one in rest)
        and seen.quiet_entries >= 0
        and seen.entries == seen.problem_entries + seen.noise_entries + seen.quiet_entries
    )


def held(store: Store, window: Window) -> int:
    """Entries of the window that had been received before its end, straight from the table."""
    with store.read() as reader:
        return int(
            reader.frame("count_window", start_ns=window.start_ns, end_ns=window.end_ns, own_service="")["entries"][0]
        )


@pytest.mark.parametrize("scenario", ["two_roots", "quiet", "dependency_down"])
@pytest.mark.parametrize("cut", [0.3, 0.75])
def test_counts_add_up_in_every_part_of_a_generated_world(tmp_path: Path, scenario: str, cut: float) -> None:
    world = generate(scenario, seed=7, scale=0.1)
    batches = [
        raw_batch(*map(bytes.decode, world.entries)),
        raw_batch(*map(bytes.decode, world.spans), kind="spans", location="spans.jsonl"),
    ]
    store = stored(tmp_path, *batches)
    with store.read() as reader:
        bounds = reader.frame("find_bounds", end_ns=2**62).row(0, named=True)
    middle = bounds["first_ns"] + round(cut * (bounds["last_ns"] - bounds["first_ns"]))

    for window in (Window(bounds["first_ns"], middle), Window(middle, bounds["last_ns"] + 1)):
        found = findings(store, window)

        assert adds_up(found)
        assert found.coverage.entries == held(store, window)
        listed = [(one.project, name) for one in found.clusters for name in one.insert_ids]
        assert len(listed) == len(set(listed))


def test_an_entry_is_told_by_its_time_too_and_late_or_doubled_ones_do_not_count(tmp_path: Path) -> None:
    entries = [
        line("same", 10.0, "ERROR cannot pay"),
        line("same", 20.0, "ERROR cannot pay"),  # another entry, for all that its insertId says
        line("same", 20.0, "ERROR cannot pay"),  # the same one again
        line("late", 30.0, "ERROR cannot pay", receiveTimestamp=at(900.0)),
        line("quiet", 40.0, "all is well"),
        line(None, 50.0, "ERROR cannot pay"),
        line("edge", 600.0, "ERROR cannot pay"),
    ]

    found = findings(stored(tmp_path, raw_batch(*entries)))

    assert adds_up(found)
    assert (found.coverage.entries, found.coverage.problem_entries, found.coverage.quiet_entries) == (4, 3, 1)


def test_of_a_traceback_cut_by_the_edge_of_a_window_each_side_counts_its_own_entries(tmp_path: Path) -> None:
    text = ["Traceback (most recent call last):", '  File "/app/pay.py", line 3, in pay', "ValueError: no price"]
    entries = [line(f"t{turn}{at_s}", at_s + 0.001 * turn, part)
               for at_s in (100.0, 599.999) for turn, part in enumerate(text)]  # fmt: skip
    store = stored(tmp_path, raw_batch(*entries))

    before = findings(store)
    after = findings(store, Window(END_NS, END_NS + 600 * 10**9))

    assert adds_up(before)
    assert adds_up(after)
    assert (before.coverage.problem_entries, before.coverage.quiet_entries) == (4, 0)
    assert (after.coverage.entries, after.coverage.problem_entries) == (2, 0)


def test_an_entry_of_two_occurrences_is_in_one_cluster(tmp_path: Path) -> None:
    entries = [line("one", 10.0, "ERROR cannot pay"), line("two", 20.0, "ERROR cannot ship")]
    store = stored(tmp_path, raw_batch(*entries))
    with store.read() as reader:
        window = {"start_ns": START_NS, "end_ns": END_NS}
        names = sorted(reader.frame("find_failures", rules=RULES, **window)["signature_id"])
        rows = reader.frame("find_cluster_entries", signature_ids=names, **window)
    first, second = rows.rows(named=True)
    with store.write() as writer:
        doubled = pl.DataFrame(
            [{**dict.fromkeys(OCCURRENCE_SCHEMA), "signature_id": first["signature_id"], "project": second["project"],
              "service": second["service"], "revision": "", "instance": "", "log": "stderr", "at_ns": second["at_ns"],
              "severity": 17, "insert_ids": [second["insert_id"]], "batch_id": 1}],
            schema=OCCURRENCE_SCHEMA,
        )  # fmt: skip
        writer.execute("insert_occurrences", relation=doubled)

    found = findings(store)

    assert adds_up(found)
    assert sum(len(one.insert_ids) for one in found.clusters) == 2


def test_a_failed_deploy_is_no_revision_that_wrote_nothing(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 60)
    system.deploy(10, "orders", "orders-00002-bad", image="b", ready="False", is_named=False)
    system.deploy(20, "orders", "orders-00003-new", image="c", is_named=False)

    spots = findings(system.stored(tmp_path)).coverage.blind_spots

    (idle,) = [spot for spot in spots if "wrote no entry" in spot]
    assert "orders-00003-new" in idle
    assert "orders-00002-bad" not in idle


def test_what_a_running_receiver_stored_last_is_no_gap_and_is_said(tmp_path: Path) -> None:
    system = System()
    system.traffic("orders", "orders-00001-abc", 0, 300)
    store = system.stored(tmp_path)
    before = findings(store).coverage
    intake = Intake(store, Redactor(b"k" * 16), queue_bytes=10_000, pace_s=0)
    intake.offer("span_messages", "here", proto(1, 3), share=Share(intake.budget)).result(20)

    during = findings(store).coverage
    intake.close()
    after = findings(store).coverage

    assert (during.unsigned, after.unsigned) == (0, 3)
    assert [spot for spot in during.blind_spots if spot.startswith("3 records came in last and are not looked through")]
    assert before.complete_until_ns == during.complete_until_ns
