"""A small part of the reliability benchmarks: a few kills, a few hundred hostile lines."""

from pathlib import Path

import pytest

from benchmarks.reliability.checks import broken, rows_of
from benchmarks.reliability.faults import tried
from benchmarks.reliability.hostile_lines import hostile_lines
from benchmarks.reliability.kill import run_kills
from collector.config import StoreConfig
from logtriage import pipeline
from logtriage.config import Config
from logtriage.progress import NoProgress


def test_a_store_killed_while_it_migrates_becomes_what_an_undisturbed_one_is(tmp_path: Path) -> None:
    tallies = run_kills(2, seed=2, only=["migrate"], folder=tmp_path)

    assert tallies["migrate"].kills >= 2
    assert tallies["migrate"].faults == []


@pytest.mark.parametrize("fault", ["token expires mid-run", "clocks go forward", "clocks go back", "leap day"])
def test_a_fault_is_told_and_borne(fault: str, tmp_path: Path) -> None:
    told, wrong = tried(fault, tmp_path)

    assert told.strip()
    assert wrong == []


def test_each_hostile_line_is_an_entry_a_duplicate_or_a_dead_letter(tmp_path: Path) -> None:
    file, db = tmp_path / "hostile.jsonl", tmp_path / "store.duckdb"
    file.write_bytes(b"".join(hostile_lines(600, seed=3)))

    result = pipeline.import_paths(Config(store=StoreConfig(path=db)), [file], progress=NoProgress())

    ledger = result.total
    rows = rows_of(db, "select (select count(*) from entries), (select count(*) from dead_letters)").row(0)
    assert ledger.read == ledger.stored + ledger.duplicates + ledger.dead == 600
    assert rows == (ledger.stored, ledger.dead)
    assert broken(db) == []


def test_a_check_finds_what_is_there_twice_and_sums_that_do_not_hold(tmp_path: Path) -> None:
    import duckdb  # noqa: PLC0415 - damages a store

    file, db = tmp_path / "hostile.jsonl", tmp_path / "store.duckdb"
    file.write_bytes(b"".join(hostile_lines(50, seed=3)))
    pipeline.import_paths(Config(store=StoreConfig(path=db)), [file], progress=NoProgress())
    with duckdb.connect(str(db)) as connection:
        connection.execute("insert into entries select * from entries limit 1").fetchall()
        connection.execute("update batches set read = read + 1").fetchall()

    found = broken(db)

    assert any("entries: 1 there twice" in one for one in found)
    assert any("do not add up" in one for one in found)
