"""Spans are stored once, whole, and in whatever order and import they come."""

from pathlib import Path
from typing import Any

import pytest

from collector.collect import normalise
from collector.config import StoreConfig
from collector.normalise.redact import Redactor
from collector.records import Ledger
from collector.store import Store
from tests.support.entries import raw_batch
from tests.support.otlp import START_NS, Json, request, span

REDACTOR = Redactor(b"k" * 32)
DAY_NS = 86_400_000_000_000
OPEN, DONE = span({"a": "1"}, endTimeUnixNano="0"), span({"a": "2"}, status={"code": 2, "message": "no"})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(StoreConfig(path=tmp_path / "s.duckdb"))


def append(store: Store, *batches: Json) -> Ledger:
    """One import of a batch for each request; its sums, which `end_run` has checked."""
    run_id = store.begin_run("import", "files")
    raws = [normalise(raw_batch(one, kind="spans"), redactor=REDACTOR) for one in batches]
    ledgers = store.append(raws, run_id=run_id)
    store.end_run(run_id, outcome="complete")
    return sum(ledgers, start=Ledger())


def stored(store: Store, columns: str = "duration_ns, status, attributes") -> list[tuple[Any, ...]]:
    with store.read() as reader:
        return reader.sql(f"select {columns} from spans order by all").rows()


def test_a_finished_span_takes_the_place_of_its_unfinished_self(store: Store) -> None:
    assert append(store, request(OPEN)) == Ledger(read=1, stored=1)
    assert append(store, request(DONE)) == Ledger(read=1, duplicates=1)

    assert stored(store) == [(5_000, 2, '{"a":"2"}')]


def test_an_unfinished_span_changes_nothing_of_its_finished_self(store: Store) -> None:
    append(store, request(DONE))

    assert append(store, request(OPEN)) == Ledger(read=1, duplicates=1)
    assert stored(store) == [(5_000, 2, '{"a":"2"}')]


@pytest.mark.parametrize("pair", [(OPEN, DONE), (DONE, OPEN), (OPEN, DONE, OPEN)])
def test_of_both_in_one_import_the_finished_is_stored(store: Store, pair: tuple[Json, ...]) -> None:
    assert append(store, *map(request, pair)) == Ledger(read=len(pair), stored=1, duplicates=len(pair) - 1)
    assert stored(store) == [(5_000, 2, '{"a":"2"}')]


def test_a_span_that_was_finished_keeps_its_batch_which_is_signed_anew(store: Store) -> None:
    append(store, request(OPEN), request(span(spanId="00000000000000aa")))
    with store.write() as writer:
        writer.execute("insert_signed", batch_ids=[1, 2], rules=7)

    append(store, request(DONE))

    assert stored(store, "batch_id, duration_ns") == [(1, 5_000), (2, 5_000)]
    with store.read() as reader:
        assert reader.sql("select batch_id from signed").rows() == [(2,)]


def test_a_trace_over_midnight_and_two_imports_is_whole_in_any_order(store: Store) -> None:
    midnight = START_NS // DAY_NS * DAY_NS + DAY_NS
    starts = [midnight + offset for offset in (-5, 2, -1, 4)]
    parts = [
        request(span(spanId=f"{number:016x}", startTimeUnixNano=str(start_ns), endTimeUnixNano=str(midnight + 9)))
        for number, start_ns in enumerate(starts, start=1)
    ]

    first = append(store, parts[3], parts[0])
    second = append(store, *parts)

    assert (first, second) == (Ledger(read=2, stored=2), Ledger(read=4, stored=2, duplicates=2))
    assert [at - midnight for (at,) in stored(store, "start_ns")] == [-5, -1, 2, 4]


def test_a_span_from_the_future_is_stored_as_it_says(store: Store) -> None:
    far = START_NS + 400 * DAY_NS
    ahead = span(startTimeUnixNano=str(far), endTimeUnixNano=str(far + 1))

    assert append(store, request(ahead)) == Ledger(read=1, stored=1)

    with store.read() as reader:
        assert reader.frame("find_bounds", end_ns=START_NS + DAY_NS)["first_ns"].to_list() == [None]
