"""Sums of what was taken away long ago are kept in one batch of each source, and law 1 holds as before."""

from pathlib import Path

import polars as pl
import pytest

from collector.collect import normalise
from collector.config import StoreConfig
from collector.normalise.redact import Redactor
from collector.retention import DAY_NS, prune_by_age
from collector.stopping import Stop
from collector.store import Store
from tests.support.days import FIRST_DAY_NS, copied, count, day_entries
from tests.support.entries import raw_batch

DAYS = 40
NOW_NS = FIRST_DAY_NS + DAYS * DAY_NS
CUT_NS = NOW_NS - 31 * DAY_NS


def _pulled(path: Path) -> Store:
    """A run a day of each of two sources, and one of nothing; one letter a day is dead, one entry comes twice."""
    now = [FIRST_DAY_NS]
    store = Store(StoreConfig(path=path), clock_ns=lambda: now[0])
    for day in range(0, DAYS, 8):
        now[0] = FIRST_DAY_NS + day * DAY_NS + DAY_NS // 2
        for source in ("logs", "more"):
            run_id = store.begin_run("collect", source)
            raws = [raw_batch(*day_entries(day, 3), "{broken", source=source), raw_batch(source=source)]
            store.append([normalise(raw, redactor=Redactor(b"k" * 32)) for raw in raws], run_id=run_id)
            store.end_run(run_id, outcome="failed: it is away" if day == 0 else "complete")
    return store


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return _pulled(tmp_path_factory.mktemp("pulled") / "s.duckdb")


@pytest.fixture(scope="module")
def pruned(pulled: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, pl.DataFrame]:
    """The store after its first days went, and what was told of it before."""
    store = copied(pulled, tmp_path_factory.mktemp("pruned"))
    with store.read() as reader:
        before = reader.frame("count_ledger")
    prune_by_age(store, CUT_NS, now_ns=NOW_NS, stop=Stop())
    return store, before


def test_the_sums_are_what_they_were(pruned: tuple[Store, pl.DataFrame]) -> None:
    store, before = pruned
    with store.read() as reader:
        ledger = reader.frame("count_ledger")
        wrong = reader.frame("find_ledger_mismatches").height + reader.frame("find_short_batches", first_batch=0).height
        wrong += sum(reader.frame("find_imbalance", run_id=run).height for run in range(1, 11))

    assert ledger.equals(before)
    assert ledger["read"].sum() == 10 * 4
    assert wrong == 0


def test_one_batch_of_each_source_is_left_of_those_that_are_gone(pruned: tuple[Store, pl.DataFrame]) -> None:
    store, _ = pruned

    for table in ("batches", "batch_rows"):
        assert count(store, table) == 2 + 3 * 4  # of 20: two days of two sources went, with two batches each
    with store.read() as reader:
        first = reader.sql("select source, stored, dead, first_at_ns from batches order by batch_id limit 2")
    assert sorted(first.rows()) == [("logs", 6, 2, None), ("more", 0, 2, None)]  # what came twice is of the first


def test_the_first_run_that_failed_and_those_with_batches_stay(pruned: tuple[Store, pl.DataFrame]) -> None:
    store, _ = pruned
    with store.read() as reader:
        runs = reader.sql("select source, outcome, count(*) as n from runs group by all order by all")

    assert runs.rows() == [
        ("logs", "complete", 4), ("logs", "failed: it is away", 1),
        ("more", "complete", 4), ("more", "failed: it is away", 1),
    ]  # fmt: skip


def test_numbers_are_never_used_again(pruned: tuple[Store, pl.DataFrame], pulled: Store, tmp_path: Path) -> None:
    store = copied(pulled, tmp_path)
    with store.read() as reader:
        before = reader.frame("find_next_ids").row(0)

    prune_by_age(store, NOW_NS + 40 * DAY_NS, now_ns=NOW_NS + 80 * DAY_NS, stop=Stop())

    with store.read() as reader:
        assert reader.frame("find_next_ids").row(0) == before
        ledger = reader.frame("count_ledger")
    assert ledger.equals(pruned[1])
    assert (count(store, "batches"), count(store, "runs"), count(store, "entries")) == (2, 4, 0)


def test_what_is_younger_than_thirty_days_stays_apart(pulled: Store, tmp_path: Path) -> None:
    store = copied(pulled, tmp_path)

    prune_by_age(store, NOW_NS, now_ns=NOW_NS, stop=Stop())

    with store.read() as reader:
        stored = reader.sql("select stored_at_ns from batches order by all")["stored_at_ns"]
    assert (stored >= NOW_NS - 30 * DAY_NS).sum() == 12
    assert stored.len() == 12 + 2
