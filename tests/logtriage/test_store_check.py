"""What `check_store` finds in stores that are whole, and in some that are not."""

import json
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from collector.acknowledged import acks_of
from collector.config import RetentionConfig, StoreConfig
from collector.database_files import find_unreadable
from collector.errors import StoreError
from collector.records import IMPORTED
from collector.store import Reader, Store
from logtriage.config import load_config
from logtriage.store_check import StoreFinding, check_store
from tests.support.days import FIRST_DAY_NS, append, copied, count, day_entries, store_of_days

CURSOR = json.dumps({"version": 1, "resources": {"p": {"from_ns": 5, "settled_ns": 9000000000000000000, "open": None}}})


def test_a_store_that_is_not_there_yet_is_no_failure(tmp_path: Path) -> None:
    (found,) = check_store(load_config(None, db=tmp_path / "none.duckdb"), repair=False)

    assert (found.name, found.state) == ("file", "warn")


def test_a_file_that_is_no_database_is_a_finding_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    path.write_text("this is a text and no database at all", encoding="utf-8")

    (found,) = check_store(load_config(None, db=path), repair=False)

    assert found.state == "fail"
    assert found.todo


def found(store: Store, *, repair: bool = False) -> dict[str, str]:
    """States by name, the worst of each."""
    states: dict[str, str] = {}
    for one in check_store(load_config(None, db=store.path), repair=repair):
        if states.get(one.name) != "fail":
            states[one.name] = one.state
    return states


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return store_of_days(tmp_path_factory.mktemp("built") / "s.duckdb", 2, number=3000)


@pytest.fixture
def store(built: Store, tmp_path: Path) -> Store:
    return copied(built, tmp_path)


def test_a_whole_store_is_ok(store: Store) -> None:
    assert found(store) == {"file": "ok", "ledger": "ok", "rows": "ok"}


def test_rows_that_are_missing_are_told_counted_and_read_again(store: Store) -> None:
    with store.write() as writer:
        writer.execute("insert_cursor", source="logs", cursor=CURSOR, now_ns=1)
        writer._connection.execute("update batches set source = 'logs' where batch_id = 1").fetchall()
        writer._connection.execute("delete from entries where batch_id = 1 and insert_id like '%7'").fetchall()
    (told,) = [one for one in check_store(load_config(None, db=store.path), repair=False) if one.name == "rows"]
    assert told.what.startswith(
        "Batch 1 of run 1 of `logs` from 2024-10-04T00:00:01Z to 2024-10-04T00:50:00Z: 2,701 of"
    )

    assert found(store, repair=True) == {
        "mended": "warn", "derived": "ok", "file": "ok", "ledger": "ok", "rows": "ok",
    }  # fmt: skip

    assert store.cursor("logs") == json.loads(CURSOR.replace("9000000000000000000", str(FIRST_DAY_NS + 1_000_000_000)))
    assert append(store, *day_entries(0, 3000), source="logs").stored == 300
    assert count(store, "occurrences") == 2


def test_what_was_acknowledged_and_is_gone_is_told(store: Store) -> None:
    before = store.path.read_bytes()
    append(store, *day_entries(3), source=IMPORTED)
    acks = acks_of(store.path).read_bytes()
    store.path.write_bytes(before)  # as a torn log of changes leaves it
    acks_of(store.path).write_bytes(acks)

    again = Store(StoreConfig(path=store.path))
    append(again, *day_entries(4))

    (told,) = [one for one in check_store(load_config(None, db=store.path), repair=False) if one.name == "rows"]
    assert told.what == (
        "A batch of `import` from 2024-10-07T00:00:01Z to 2024-10-07T00:00:10Z with 10 records was stored and is gone."
    )
    assert "logtriage import a.jsonl" in told.todo
    assert count(again, "troubles where kind = 'store'") == 1

    mended = {one.name: one for one in check_store(load_config(None, db=store.path), repair=True)}

    assert mended["rows"].state == "ok"
    assert mended["mended"].todo == "Run `logtriage import a.jsonl`."
    assert count(again, "(select last(is_over order by seen_at_ns) as is_over from troubles) where is_over") == 1


def test_every_file_that_has_to_be_imported_again_is_told_because_nobody_knows_it_afterwards(store: Store) -> None:
    with store.write() as writer:
        for number in range(30):
            lost = {"batch_id": 100 + number, "run_id": 1, "source": IMPORTED, "location": f"{number}.jsonl"}
            rows = pl.DataFrame([{**lost, "records": 1, "first_at_ns": 1, "last_at_ns": 2}])
            writer.execute("insert_lost_batches", relation=rows, now_ns=1)

    mended = {one.name: one for one in check_store(load_config(None, db=store.path), repair=True)}["mended"]

    assert all(f" {number}.jsonl" in mended.todo for number in range(30))


@pytest.mark.parametrize("way", ["read", "read_aside"])
def test_a_reader_tells_what_was_acknowledged_and_is_gone(
    store: Store, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    before = store.path.read_bytes()
    append(store, *day_entries(3))
    acks = acks_of(store.path).read_bytes()
    store.path.write_bytes(before)
    acks_of(store.path).write_bytes(acks)

    with getattr(Store(StoreConfig(path=store.path)), way)() as reader:
        (told,) = reader.sql("select detail from troubles where kind = 'store' and not is_over")["detail"]

    assert told.startswith("10 records that were stored are not in the database any more")
    assert [one.getMessage() for one in caplog.records] == [told]


def test_a_check_of_the_store_holds_no_writer_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a copy can be made of the file."""
    written = []

    def blocks(path: Path, *, engine: dict[str, Any], copy_of: Path) -> dict[str, str]:
        written.append(append(store, *day_entries(4)).stored)
        return find_unreadable(path, engine=engine, copy_of=copy_of)

    def sums(reader: Reader) -> Iterator[StoreFinding]:
        written.append(append(store, *day_entries(3)).stored)
        yield StoreFinding("rows", "ok", f"{reader.frame('count_ledger').height}")

    monkeypatch.setattr("logtriage.store_check.find_unreadable", blocks)  # this and the next are all that takes long
    monkeypatch.setattr("logtriage.store_check._sums", sums)
    check_store(load_config(None, db=store.path), repair=False)

    assert written == [10, 10]


def test_where_no_copy_can_be_made_the_file_itself_is_looked_at_and_a_finding_names_it(store: Store) -> None:
    config = load_config(None, db=store.path)
    in_place = config.model_copy(update={"store": config.store.model_copy(update={"read_copy_mib": 0})})
    damage(store)

    asides = [check_store(one, repair=False) for one in (config, in_place)]

    assert asides[0] == asides[1]
    assert [one.name for one in asides[0]] == ["blocks"]


def damage(store: Store) -> bytes:
    """A block of messages; gives the file as it is then."""
    with duckdb.connect(store.path, read_only=True) as connection:  # as it is: a Reader would make it one of now
        wanted = (
            "select max(block_id) from pragma_storage_info('entries') where column_name = 'message' and block_id > 0"
        )
        block = int(connection.sql(wanted).fetchall()[0][0])
    content = bytearray(store.path.read_bytes())
    at = 3 * 4096 + block * 262_144 + 1000  # beyond three headers
    content[at : at + 8] = bytes(byte ^ 0xFF for byte in content[at : at + 8])
    store.path.write_bytes(content)
    return bytes(content)


def test_where_what_is_saved_does_not_fit_nothing_is_called_lost_and_all_stays_as_it_is(store: Store) -> None:
    content = damage(store)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    try:
        (told,) = check_store(load_config(None, db=store.path), repair=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (told.name, told.state) == ("file", "fail")
    assert "the file may not get larger" in told.what
    assert store.path.read_bytes() == content
    assert [one.name for one in store.path.parent.glob("s.duckdb.*") if "damaged" in one.name] == []


def test_what_can_be_read_of_a_damaged_file_is_saved_and_the_file_kept(store: Store) -> None:
    content = damage(store)
    assert found(store)["blocks"] == "fail"

    states = found(store, repair=True)

    assert (states["lost"], states["ledger"], states["rows"]) == ("fail", "ok", "ok")
    assert count(store, "entries") >= 6000 - 2 * 2048
    (aside,) = store.path.parent.glob("s.duckdb.damaged-*Z")
    assert aside.read_bytes() == content
    assert count(store, "spans") == 2
    assert append(store, *day_entries(9)).stored == 10


def test_a_damaged_file_of_an_earlier_version_is_saved_as_one_of_now(store: Store) -> None:
    with duckdb.connect(store.path) as connection:
        connection.execute("alter table entries drop column route")
        connection.execute("delete from migrations where name = 'create_0012_routes'")
    damage(store)

    states = found(store, repair=True)

    assert states["lost"] == "fail"
    assert count(store, "entries") >= 6000 - 2 * 2048


def test_a_file_that_does_not_open_at_all_is_left_as_it_is(store: Store) -> None:
    content = bytearray(store.path.read_bytes())
    content[4096:12288] = bytes(range(256)) * 32
    store.path.write_bytes(content)

    (one,) = check_store(load_config(None, db=store.path), repair=True)

    assert (one.name, one.state) == ("file", "fail")
    assert one.todo.startswith("Nothing of it can be read. Put a backup in its place")
    assert store.path.read_bytes() == bytes(content)


def test_a_log_of_changes_that_cannot_be_read_is_laid_aside(store: Store, tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    with store.write() as writer:
        writer._connection.execute("commit").fetchall()
        writer._connection.execute("insert into cursors values ('logs', '{}', 1)").fetchall()
        for ending in ("", ".wal"):  # as it lies there when the process is killed now
            (left / f"s.duckdb{ending}").write_bytes(Path(f"{store.path}{ending}").read_bytes())
        writer._connection.execute("begin").fetchall()
    wal = left / "s.duckdb.wal"
    content = bytearray(wal.read_bytes())
    content[len(content) // 2] ^= 0xFF
    wal.write_bytes(content)
    killed = Store(StoreConfig(path=left / "s.duckdb"))
    with pytest.raises(StoreError, match="damaged log of its last changes"), killed.read():
        pass
    assert found(killed) == {"file": "fail"}

    assert found(killed, repair=True) == {"file": "ok", "ledger": "ok", "rows": "ok"}
    assert list(left.glob("s.duckdb.wal.damaged-*Z"))
    assert count(killed, "entries") == 6000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content[:20_000], "is cut short. What stood at its end is lost"),
        (lambda _: b"", "is an empty file"),
        (lambda content: content[:4096] + b"\x07" * 8192 + content[12288:], "is damaged"),
        (lambda _: b"SQLite format 3" * 40, "is no DuckDB database"),
    ],
)
def test_what_happened_to_the_file_is_told_in_one_line(
    store: Store, change: Callable[[bytes], bytes], said: str
) -> None:
    store.path.write_bytes(change(store.path.read_bytes()))

    for opened in (store.read, store.write):
        with pytest.raises(StoreError, match=said), opened():
            pass


def test_few_days_for_the_baseline_are_told(store: Store) -> None:
    config = load_config(None, db=store.path).model_copy(update={"retention": RetentionConfig(days=3)})

    (told,) = [one for one in check_store(config, repair=False) if one.name == "retention"]

    assert told.state == "warn"
