"""The main line stores everything a source gives, in order, and stops nowhere for one bad batch of records."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from collector.collect import collect
from collector.config import StoreConfig
from collector.errors import SourceUnavailable
from collector.normalise.redact import Redactor
from collector.records import DEAD_LETTER_SCHEMA, Batch, Ledger, RawBatch
from collector.store import Store
from tests.support.cloud_run import service_v1
from tests.support.entries import log_entry, raw_batch

REDACTOR = Redactor(b"k" * 32)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(StoreConfig(path=tmp_path / "s.duckdb"))


def test_sums_hold_and_every_batch_is_told_once(store: Store) -> None:
    dead = pl.DataFrame([("a.jsonl", 9, "not UTF-8", "password=hunter2")], schema=DEAD_LETTER_SCHEMA, orient="row")
    batches = [raw_batch(*[log_entry() for _ in range(20)], "{bad", dead=dead, location=f"{n}") for n in range(12)]
    told: list[tuple[str, Ledger]] = []

    def stored(raw: RawBatch, ledger: Ledger) -> None:
        told.append((raw.location, ledger))

    total = collect(batches, store=store, redactor=REDACTOR, run_id=1, stored=stored)

    assert total == Ledger(read=12 * 22, stored=240, duplicates=0, dead=24)
    assert [place for place, _ in told] == [str(n) for n in range(12)]
    with store.read() as reader:
        assert reader.sql("select count(*) from dead_letters where contains(excerpt, 'hunter2')").item() == 0


def test_what_came_before_a_failing_source_stays_with_its_cursor(store: Store) -> None:
    def failing() -> Iterator[RawBatch]:
        for n in range(6):
            yield raw_batch(log_entry(), source="logs", cursor={"n": n})
        raise SourceUnavailable("quota")

    with pytest.raises(SourceUnavailable):
        collect(failing(), store=store, redactor=REDACTOR, run_id=1, stored=lambda _raw, _ledger: None)

    with store.read() as reader:
        assert reader.sql("select count(*) from entries").item() == 6
    assert store.cursor("logs") == {"n": 5}


def test_descriptions_become_facts_and_others_dead_letters(store: Store) -> None:
    service = service_v1({"MODE": "planted"}, latest="shop-00001-abc")
    batch = raw_batch(service, {"kind": "Pod"}, "{", kind="specs", location="orders.json")

    total = collect([batch], store=store, redactor=REDACTOR, run_id=1, stored=lambda _raw, _ledger: None)

    assert total == Ledger(read=3, stored=1, dead=2)
    with store.read() as reader:
        assert reader.sql("select count(*) from facts where kind = 'spec'").item() == 1
        assert reader.sql("select count(*) from facts where contains(detail, 'planted')").item() == 0


def test_a_batch_is_cut_where_a_row_group_is_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.collect._GROUP_ROWS", 25)
    batches = [
        raw_batch(*[log_entry() for _ in range(20)], "{bad", source="logs", cursor={"n": n}, location=str(n))
        for n in range(5)
    ]
    told: list[tuple[str, Ledger]] = []

    total = collect(
        batches,
        store=store,
        redactor=REDACTOR,
        run_id=1,
        stored=lambda raw, told_of: told.append((raw.location, told_of)),
    )

    assert total == Ledger(read=105, stored=100, dead=5)
    assert [(place, ledger.stored) for place, ledger in told] == [
        ("0", 20), ("1", 5), ("1", 15), ("2", 10), ("2", 10), ("3", 15), ("3", 5), ("4", 20)
    ]  # fmt: skip
    assert [ledger.dead for place, ledger in told if place == "1"] == [0, 1]
    assert store.cursor("logs") == {"n": 4}
    with store.read() as reader:
        assert reader.sql("select count(distinct insert_id) from entries").item() == 100


@pytest.mark.parametrize(("memory", "group"), [(4 << 30, 150_000), (512 << 20, 600_000)])
def test_what_is_large_is_stored_before_it_fills_a_row_group_or_the_memory(
    store: Store, memory: int, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.collect.memory_bytes", lambda: memory)
    monkeypatch.setattr("collector.collect._GROUP_BYTES", group)
    groups: list[list[int]] = []
    append = Store.append

    def counted(self: Store, batches: list[Batch], *, run_id: int) -> list[Ledger]:
        groups.append([batch.read for batch in batches])
        return append(self, batches, run_id=run_id)

    monkeypatch.setattr(Store, "append", counted)  # what one transaction takes is told nowhere else
    long = [raw_batch(*[log_entry(textPayload=f"{n} " + "x" * 100_000)]) for n in range(4)]
    dead = [raw_batch(*["{" + "y" * 4000] * 50) for _ in range(4)]

    total = collect([*long, *dead], store=store, redactor=REDACTOR, run_id=1, stored=lambda _raw, _ledger: None)

    assert total == Ledger(read=204, stored=4, dead=200)
    assert groups == [[1, 1], [1, 1], [50, 50], [50, 50]]
