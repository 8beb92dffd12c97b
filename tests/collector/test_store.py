"""The store keeps every record once, tells plain reasons, and lets readers and writers take turns."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from collector.collect import normalise
from collector.config import StoreConfig
from collector.errors import QueryError, StoreBusy, StoreError
from collector.normalise.redact import Redactor
from collector.normalise.routes import routes_of
from collector.records import Ledger
from collector.store import Store
from tests.support.entries import log_entry, raw_batch

REDACTOR = Redactor(b"k" * 32)
AS_ROOT = os.geteuid() == 0


def make_store(path: Path, *, wait_s: float = 5.0) -> Store:
    return Store(StoreConfig(path=path, read_wait_s=wait_s, write_wait_s=wait_s), clock_ns=lambda: 7)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path / "s.duckdb")


def append(store: Store, *records: dict[str, Any] | str, **changes: Any) -> Ledger:
    run_id = store.begin_run("import", "files")
    ledgers = store.append([normalise(raw_batch(*records, **changes), redactor=REDACTOR)], run_id=run_id)
    store.end_run(run_id, outcome="complete")
    return ledgers[0]


def enter(store: Store) -> None:
    """Opens the store for reading and lets go."""
    with store.read():
        pass


def fail_half_way(store: Store) -> None:
    """Changes something in a transaction that does not end well."""
    with store.write() as writer:
        writer.execute("insert_run", run_id=99, kind="x", source="x", now_ns=1)
        raise ZeroDivisionError


def count(store: Store, table: str = "entries") -> int:
    with store.read() as reader:
        return int(reader.sql(f"select count(*) from {table}").item())


class TestDedupe:
    def test_the_same_records_twice_are_stored_once(self, store: Store) -> None:
        records = [log_entry() for _ in range(5)]

        assert append(store, *records) == Ledger(read=5, stored=5)
        assert append(store, *records, log_entry()) == Ledger(read=6, stored=1, duplicates=5)
        assert count(store) == 6

    def test_duplicates_inside_one_batch_are_counted(self, store: Store) -> None:
        record = log_entry()

        assert append(store, record, record, "{broken") == Ledger(read=4 - 1, stored=1, duplicates=1, dead=1)

    def test_identity_is_project_time_and_insert_id(self, store: Store) -> None:
        same = {"insertId": "x", "timestamp": "2026-09-14T20:00:00.000000001Z"}
        records = [
            log_entry(**same),
            log_entry(**{**same, "timestamp": "2026-09-14T20:00:00.000000002Z"}),
            log_entry(**{**same, "insertId": "y"}),
            log_entry(**same, resource={"type": "cloud_run_revision", "labels": {"project_id": "other"}}),
        ]

        assert append(store, *records).stored == 4

    def test_spans_are_stored_once(self, store: Store) -> None:
        request = {"resourceSpans": [{"scopeSpans": [{"spans": [
            {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "GET /",
             "startTimeUnixNano": "1789416000000000000", "endTimeUnixNano": "1789416001000000000"}]}]}]}  # fmt: skip

        assert append(store, request, kind="spans") == Ledger(read=1, stored=1)
        assert append(store, request, kind="spans") == Ledger(read=1, duplicates=1)


class TestLedger:
    def test_sums_are_kept_per_source(self, store: Store) -> None:
        append(store, log_entry(), "nonsense")

        with store.read() as reader:
            row = reader.frame("count_ledger").row(0, named=True)

        assert (row["source"], row["read"], row["stored"], row["duplicates"], row["dead"]) == ("files", 2, 1, 0, 1)

    def test_a_run_whose_sums_do_not_hold_is_an_error(self, store: Store) -> None:
        run_id = store.begin_run("import", "files")
        store.append([normalise(raw_batch("nonsense"), redactor=REDACTOR)], run_id=run_id)
        with duckdb.connect(str(store.path)) as connection:
            connection.execute("delete from dead_letters").fetchall()

        with pytest.raises(StoreError, match="dead letters: ledger 1, rows 0"):
            store.end_run(run_id, outcome="complete")

    def test_cursor_is_stored_with_its_records(self, store: Store) -> None:
        assert store.cursor("logs") is None
        append(store, log_entry(), source="logs", cursor={"until": 3, "token": "a"})
        append(store, log_entry(), source="logs", cursor={"until": 4})

        assert store.cursor("logs") == {"until": 4}
        assert store.cursor("other") is None

    def test_what_fails_half_way_leaves_nothing(self, store: Store) -> None:
        append(store, log_entry())

        with pytest.raises(ZeroDivisionError):
            fail_half_way(store)

        assert count(store, "runs where run_id = 99") == 0


class TestPlainErrors:
    def test_no_database(self, store: Store) -> None:
        with pytest.raises(StoreError, match=r"There is no database at .*s\.duckdb.*logtriage import"):
            enter(store)

    @pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 5000])
    def test_not_a_database(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "x.duckdb"
        path.write_bytes(content)
        if not content:
            return  # an empty file is a database that has not begun: DuckDB takes it, and so do we

        with pytest.raises(StoreError, match="is no DuckDB database"), make_store(path).read():
            pass

        assert path.read_bytes() == content

    @pytest.mark.parametrize("table", ["theirs (a int)", "migrations (a int)", "migrations (name varchar)"])
    def test_foreign_database(self, tmp_path: Path, table: str) -> None:
        path = tmp_path / "x.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"create table {table}").fetchall()

        with pytest.raises(StoreError, match="belongs to another program"):
            enter(make_store(path))
        with pytest.raises(StoreError, match="belongs to another program"):
            make_store(path).begin_run("import", "files")

    @pytest.mark.parametrize("name", ["create_0999_future", "create_9999_later"])
    def test_newer_database(self, store: Store, name: str) -> None:
        append(store, log_entry())
        with duckdb.connect(str(store.path)) as connection:
            connection.execute("insert into migrations values ($name, 1)", {"name": name}).fetchall()

        with pytest.raises(StoreError, match="newer logtriage"), store.read():
            pass

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="is a folder"), make_store(tmp_path).write():
            pass

    def test_a_folder_that_is_missing(self, tmp_path: Path) -> None:
        with (
            pytest.raises(StoreError, match=r"there is no `.*/absent`\. Make it first"),
            make_store(tmp_path / "absent" / "s.duckdb").write(),
        ):
            pass

    def test_truncated_database_is_told_and_kept(self, store: Store) -> None:
        append(store, *[log_entry(textPayload="x" * 500) for _ in range(4000)])
        size = store.path.stat().st_size
        os.truncate(store.path, size // 2)

        with pytest.raises(StoreError, match=r"s\.duckdb"), store.read() as reader:
            reader.sql("select max(message) from entries")

        assert store.path.stat().st_size == size // 2

    def test_held_by_a_stranger(self, store: Store) -> None:
        append(store, log_entry())
        code = f"import duckdb,sys; c=duckdb.connect({str(store.path)!r}); print(1, flush=True); sys.stdin.read()"
        holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdin
        assert holder.stdout
        holder.stdout.readline()
        try:
            with pytest.raises(StoreBusy, match="is held by"), make_store(store.path, wait_s=0.3).read():
                pass
        finally:
            holder.stdin.close()
            holder.wait()
            holder.stdout.close()

    def test_a_wrong_query_is_told_in_one_line(self, store: Store) -> None:
        append(store, log_entry())

        with store.read() as reader, pytest.raises(QueryError, match="nonexistent"):
            reader.sql("select * from nonexistent")

    def test_what_fails_in_the_middle_of_a_query_is_told_as_what_it_is(self, store: Store) -> None:
        append(store, log_entry())
        late = "select cast(if(i = 400000, 'x', '1') as integer) as number from range(500000) as r(i)"

        with store.read() as reader, pytest.raises(QueryError, match=r"The query failed: .*Could not convert"):
            reader.sql(late)

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("select 1; select 2", "`2` statements"),
            ("create temp table t as select 1", "`CREATE`"),
            ("create temp table t as select 1; select * from t", "`2` statements"),
            ("set threads = 1", "`SET`"),
            ("pragma memory_limit = '8GB'", "`SET`"),
            ("call pragma_table_info('entries')", "`CALL`"),
            ("checkpoint", "`CALL`"),
            ("-- nothing", "`0` statements"),
        ],
    )
    def test_only_one_select_is_run(self, store: Store, text: str, what: str) -> None:
        append(store, log_entry())

        with store.read() as reader, pytest.raises(QueryError, match=f"it is {what}, but only one SELECT is run"):
            reader.sql(text)

    @pytest.mark.parametrize(
        "text",
        [
            "from entries;", "describe entries", "show tables", "explain select 1", "values (1)",
            "with one as (select 1) from one", "pivot entries on log using count(*)", "select 1 as a, 2 as a",
        ],
    )  # fmt: skip
    def test_what_only_reads_is_run(self, store: Store, text: str) -> None:
        append(store, log_entry())

        with store.read() as reader:
            assert reader.sql(text).height

    def test_a_query_reaches_no_file(self, store: Store, tmp_path: Path) -> None:
        append(store, log_entry())
        (tmp_path / "a.csv").write_text("a\n1\n")

        with store.read() as reader:
            with pytest.raises(QueryError):
                reader.sql(f"select * from read_csv('{tmp_path / 'a.csv'}')")
            with pytest.raises(QueryError):
                reader.sql("delete from entries")
            with pytest.raises(QueryError):
                reader.sql("set enable_external_access = true")


class TestTurns:
    def test_a_reader_gets_in_between_two_writes_of_a_writer_without_pause(self, store: Store) -> None:
        append(store, log_entry())
        stop = threading.Event()
        writes = 0

        def write_on() -> None:
            nonlocal writes
            while not stop.is_set():
                append(store, log_entry())
                writes += 1

        writer = threading.Thread(target=write_on)
        writer.start()
        for _ in range(8):
            assert count(store) >= 1  # it waits for its turn no longer than the store lets it
            time.sleep(0.02)
        stop.set()
        writer.join()

        assert writes > 0

    def test_a_writer_waits_for_a_reader(self, store: Store) -> None:
        append(store, log_entry())
        with store.read(), pytest.raises(StoreBusy, match="was in use"), make_store(store.path, wait_s=0.1).write():
            pass

        assert append(store, log_entry()).stored == 1

    def test_two_readers_at_once(self, store: Store) -> None:
        append(store, log_entry())

        with store.read() as first, store.read() as second:
            assert first.frame("count_ledger").equals(second.frame("count_ledger"))

    def test_a_killed_writer_leaves_what_was_acknowledged(self, store: Store) -> None:
        append(store, log_entry())
        code = (
            "import os,sys,time; from pathlib import Path\n"
            "from collector.config import StoreConfig; from collector.store import Store\n"
            f"with Store(StoreConfig(path=Path({str(store.path)!r}))).write() as w:\n"
            "    w.execute('insert_run', run_id=50, kind='x', source='x', now_ns=1)\n"
            "    print(1, flush=True); time.sleep(60)"
        )
        victim = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert victim.stdout
        victim.stdout.readline()
        victim.kill()
        victim.wait()
        victim.stdout.close()

        assert count(store) == 1
        assert count(store, "runs where run_id = 50") == 0
        assert append(store, log_entry()).stored == 1


_RUN = """
import sys, time
from pathlib import Path
from collector.config import StoreConfig
from collector.store import Store
store = Store(StoreConfig(path=Path(sys.argv[1])))
print(store.begin_run("import", "files"), flush=True)
time.sleep(60)
"""


def outcomes(store: Store) -> list[tuple[Any, ...]]:
    with store.read() as reader:
        return reader.sql("select run_id, outcome, ended_at_ns is null from runs order by run_id").rows()


def test_a_run_whose_process_was_killed_is_closed_by_the_next_and_one_that_goes_on_is_not(store: Store) -> None:
    going_on, victim = (
        subprocess.Popen([sys.executable, "-c", _RUN, str(store.path)], stdout=subprocess.PIPE) for _ in range(2)
    )
    assert going_on.stdout
    assert victim.stdout
    numbers = [int(going_on.stdout.readline()), int(victim.stdout.readline())]
    victim.kill()
    victim.wait()

    append(store, log_entry())
    told = {number: rest for number, *rest in outcomes(store)}
    going_on.kill()
    going_on.wait()
    append(store, log_entry())

    assert told == {numbers[0]: ["running", True], numbers[1]: ["interrupted", False], 3: ["complete", False]}
    assert [outcome for _, outcome, _ in outcomes(store)] == ["interrupted", "interrupted", "complete", "complete"]
    assert list(store.path.parent.glob("*.run-*")) == []
    for process in (going_on, victim):
        assert process.stdout
        process.stdout.close()


def test_an_interrupted_run_ended_when_its_last_batch_was_stored(tmp_path: Path) -> None:
    times = iter(range(10, 99))
    path = tmp_path / "s.duckdb"
    lost = Store(StoreConfig(path=path), clock_ns=lambda: next(times))
    run_id = lost.begin_run("import", "files")
    lost.append([normalise(raw_batch(log_entry()), redactor=REDACTOR)], run_id=run_id)
    lost.begin_run("import", "files")
    del lost  # as a process does that ends without a word

    store = make_store(path)
    append(store)

    with store.read() as reader:
        stored = reader.sql("select max(stored_at_ns) as at from batches where run_id = 1").item()
        rows = reader.sql(
            "select outcome, started_at_ns, ended_at_ns from runs where run_id < 3 order by run_id"
        ).rows()
    assert rows[0] == ("interrupted", stored - 1, stored)
    assert rows[1][1] == rows[1][2]


def test_a_run_that_never_began_leaves_no_lock(store: Store) -> None:
    append(store, log_entry())
    locks = store.path.parent / f"{store.path.name}.run-2"
    locks.mkdir()

    with pytest.raises(StoreError, match=r"The lock `.*run-2` of a run cannot be made: Is a directory"):
        store.begin_run("import", "files")

    assert count(store, "runs") == 1


def test_frames_come_back_as_they_went_in_and_with_their_routes(store: Store) -> None:
    batch = normalise(raw_batch(log_entry(), log_entry(textPayload="é\n\t'\"")), redactor=REDACTOR)
    store.append([batch], run_id=1)

    with store.read() as reader:
        stored = reader.sql("select * exclude (batch_id) from entries order by at_ns")

    assert stored.equals(batch.entries.sort("at_ns").with_columns(routes_of(batch.entries["http_path"])))
    assert isinstance(stored, pl.DataFrame)


def test_what_broke_a_transaction_is_told_and_not_that_it_is_broken(tmp_path: Path) -> None:
    store = Store(StoreConfig(path=tmp_path / "s.duckdb"))
    letters = pl.DataFrame(
        {"batch_id": ["no number"], "source": "s", "location": "l", "line": 1, "reason": "r", "excerpt": ""}
    )

    with pytest.raises(StoreError, match="no number"), store.write() as writer:
        writer.execute("insert_dead_letters", relation=letters)
