"""Retention takes whole days with all that was derived from them, counts what it took, and none of it comes back."""

from pathlib import Path

import pytest

from collector.aged import OLDER_THAN_KEPT
from collector.collect import normalise
from collector.compaction import file_bytes
from collector.config import RetentionConfig
from collector.normalise.redact import Redactor
from collector.records import Ledger
from collector.retention import DAY_NS, aged_before_ns, count_old, count_over_size, prune_by_age, prune_by_size
from collector.stopping import Stop
from collector.store import Store
from tests.support.days import FIRST_DAY_NS, append, copied, count, day_entries, store_of_days
from tests.support.entries import raw_batch

NOW_NS = FIRST_DAY_NS + 10 * DAY_NS
CUT_NS = FIRST_DAY_NS + 3 * DAY_NS  # takes three days of five
TABLES = ("entries", "spans", "dead_letters", "occurrences", "span_occurrences", "events")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return store_of_days(tmp_path_factory.mktemp("built") / "s.duckdb", 5)


@pytest.fixture
def store(built: Store, tmp_path: Path) -> Store:
    return copied(built, tmp_path)


def rows(store: Store) -> dict[str, int]:
    return {table: count(store, table) for table in TABLES}


def test_age_is_counted_in_whole_days() -> None:
    assert aged_before_ns(2.0, now_ns=FIRST_DAY_NS + 7 * DAY_NS + 5) == FIRST_DAY_NS + 5 * DAY_NS
    assert aged_before_ns(1.5, now_ns=FIRST_DAY_NS + 7 * DAY_NS + 5) == FIRST_DAY_NS + 5 * DAY_NS


def test_what_is_old_goes_with_all_that_was_derived_from_it(store: Store) -> None:
    before = rows(store)
    assert all(held and held % 5 == 0 for held in before.values())

    taken = prune_by_age(store, CUT_NS, now_ns=NOW_NS, stop=Stop())

    assert (taken.entries, taken.spans, taken.dead, taken.before_ns) == (30, 3, 3, CUT_NS)
    assert rows(store) == {table: held // 5 * 2 for table, held in before.items()}
    assert count(store, f"entries where at_ns < {CUT_NS}") == 0


def test_what_is_counted_before_is_what_goes(store: Store) -> None:
    with store.read() as reader:
        told = count_old(reader, CUT_NS)

    assert told == prune_by_age(store, CUT_NS, now_ns=NOW_NS, stop=Stop())


def test_law_1_holds_and_tells_what_was_taken(store: Store) -> None:
    prune_by_age(store, CUT_NS, now_ns=NOW_NS, stop=Stop())

    with store.read() as reader:
        ledger = reader.frame("count_ledger").row(0, named=True)
        pruned = reader.frame("count_pruned").row(0)
        short = reader.frame("find_short_batches", first_batch=0)
        imbalances = [reader.frame("find_imbalance", run_id=run).height for run in (1,)]
    assert ledger["read"] == ledger["stored"] + ledger["duplicates"] + ledger["dead"] == 5 * 12
    assert pruned == (33, 3, 0)
    assert short.height == 0
    assert imbalances == [0]


def test_a_run_that_goes_on_ends_well_after_its_dead_letters_were_taken(store: Store) -> None:
    run_id = store.begin_run("receive", "otlp")
    store.append([normalise(raw_batch("{broken"), redactor=Redactor(b"k" * 32))], run_id=run_id)
    prune_by_age(store, NOW_NS, now_ns=NOW_NS, stop=Stop())

    store.end_run(run_id, outcome="complete")

    assert count(store, "dead_letters") == 0


def test_what_was_taken_is_not_stored_again(store: Store) -> None:
    prune_by_age(store, CUT_NS, now_ns=NOW_NS, stop=Stop())

    again = append(store, *day_entries(1), *day_entries(4))

    assert again == Ledger(read=20, stored=0, duplicates=10, dead=10)
    with store.read() as reader:
        assert (OLDER_THAN_KEPT, 10) in reader.frame("count_dead_reasons").rows()


def test_without_anything_taken_old_dumps_are_welcome(store: Store) -> None:
    prune_by_age(store, FIRST_DAY_NS, now_ns=NOW_NS, stop=Stop())

    assert append(store, *day_entries(-40)).stored == 10


def test_a_wish_to_stop_is_heard_between_days(store: Store) -> None:
    stop = Stop()
    stop.set()

    taken = prune_by_age(store, CUT_NS, now_ns=NOW_NS, stop=stop)

    assert (taken.is_whole, taken.records) == (False, 0)
    assert prune_by_age(store, CUT_NS, now_ns=NOW_NS, stop=Stop()).entries == 30


def test_by_size_the_oldest_days_go_first_until_it_fits(tmp_path: Path) -> None:
    store = store_of_days(tmp_path / "s.duckdb", 6, number=4000)
    limit = file_bytes(store.path) * 3 // 4
    with store.read() as reader:
        told = count_over_size(reader, store.path, limit)

    taken = prune_by_size(store, limit, now_ns=NOW_NS, stop=Stop())

    assert 0 < told.entries <= taken.entries < 6 * 4000
    assert file_bytes(store.path) <= limit
    assert count(store, f"entries where at_ns < {taken.before_ns}") == 0
    assert count(store, f"entries where at_ns >= {FIRST_DAY_NS + 5 * DAY_NS}") == 4000


def test_size_leaves_the_last_day(store: Store) -> None:
    prune_by_size(store, 1, now_ns=NOW_NS, stop=Stop())

    assert count(store, "entries") == 10


def test_the_work_of_its_own_is_forgotten_but_for_the_last(store: Store) -> None:
    late_ns = NOW_NS - DAY_NS
    with store.write() as writer:
        for at_ns in (1, 2, 3):
            writer.execute(
                "insert_job_run", job="watch", started_at_ns=at_ns, ended_at_ns=at_ns, outcome="done", detail=""
            )
        for kind, at_ns, is_over in (
            ("disk", 1, False),
            ("disk", 2, True),
            *(("clock", at_ns, False) for at_ns in (1, 2, 3)),
            ("disk", late_ns, True),
        ):
            writer.execute("insert_trouble", kind=kind, subject="x", seen_at_ns=at_ns, is_over=is_over, detail="low")

    prune_by_age(store, CUT_NS, now_ns=NOW_NS, stop=Stop())

    assert count(store, "job_runs") == 1
    assert count(store, "troubles where kind = 'clock'") == 2  # it goes on: its first look and its last
    assert count(store, "troubles where kind = 'disk'") == 2  # the end of the spell before, and what came since


def test_after_a_prune_by_a_clock_that_was_ahead_what_is_new_is_stored(store: Store) -> None:
    ahead_ns = NOW_NS + 4000 * DAY_NS
    prune_by_age(store, CUT_NS, now_ns=NOW_NS, stop=Stop())
    prune_by_age(store, ahead_ns - 30 * DAY_NS, now_ns=ahead_ns, stop=Stop())

    assert append(store, *day_entries(7)).stored == 10

    prune_by_age(store, CUT_NS, now_ns=NOW_NS, stop=Stop())
    assert append(store, *day_entries(1)).dead == 10


def test_sizes_are_told_in_bytes() -> None:
    assert RetentionConfig(max_size_gib=0.5).max_bytes == 2**29
    assert RetentionConfig(max_size_gib=None).max_bytes is None
