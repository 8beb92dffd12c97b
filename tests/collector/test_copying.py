"""A long reading holds nobody up: it reads a nameless copy, or the file itself where it cannot be copied."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from collector import copying
from collector.config import StoreConfig
from collector.copying import copy_aside
from collector.errors import StoreBusy, StoreError
from collector.store import Store

pytestmark = pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system knows no nameless files")

_HOLDING = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
_WRITING = """
import sys
from pathlib import Path
from collector.config import StoreConfig
from collector.store import Store

with Store(StoreConfig(path=Path(sys.argv[1]))).write() as writer:
    writer._connection.execute(
        "insert into runs by name select n as run_id, 'import' as kind, md5(n::varchar) as source, 1 as started_at_ns, "
        "'running' as outcome from range(2, 1000002) as made(n)"
    ).fetchall()
    print('held', flush=True)
    sys.stdin.read()
"""


_MAKING = """
import sys
from pathlib import Path
from collector.config import StoreConfig
from collector.store import Store

def slowly(self, connection):
    connection.execute("checkpoint").fetchall()
    print("held", flush=True)
    sys.stdin.read()
    migrate(self, connection)

migrate, Store._migrate = Store._migrate, slowly
with Store(StoreConfig(path=Path(sys.argv[1]))).write() as writer:
    writer.execute("insert_run", run_id=1, kind="import", source="files", now_ns=1)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(StoreConfig(path=tmp_path / "s.duckdb", read_wait_s=5, write_wait_s=0.3))
    begin(made)
    return made


@contextlib.contextmanager
def another(script: str, store: Store) -> Iterator[None]:
    """Another process that runs the script, from when it says that it is ready until it is told to end."""
    command = [sys.executable, "-c", script, str(store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline()
        yield
        process.stdin.close()


@pytest.fixture
def foreign_writer(store: Store) -> Iterator[None]:
    """A program other than logtriage that has the file open to write."""
    with another(_HOLDING, store):
        yield


def begin(store: Store) -> None:
    """Stores a run."""
    with store.write() as writer:
        run_id = int(writer.frame("find_next_ids")["run_id"][0])
        writer.execute("insert_run", run_id=run_id, kind="import", source="files", now_ns=1)


def runs(store: Store) -> int:
    with store.read() as reader:
        return int(reader.sql("select count(*) from runs").item())


def is_copied(store: Store, *, most_mib: int = 1024) -> bool:
    handle = copy_aside(store.path, most_mib=most_mib)
    if handle is not None:
        os.close(handle)
    return handle is not None


def test_writers_go_on_while_a_copy_is_read_and_it_stays_as_it_was(store: Store) -> None:
    with store.read_aside() as reader:
        begin(store)
        begin(store)
        seen = int(reader.sql("select count(*) from runs").item())

    assert (seen, runs(store)) == (1, 3)


def test_a_copy_has_no_name_that_could_be_left_behind(store: Store) -> None:
    before = {path.name for path in store.path.parent.iterdir()}

    with store.read_aside():
        during = {path.name for path in store.path.parent.iterdir()}

    assert during == before


def test_no_handle_is_left_open(store: Store) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(5):
        with store.read_aside() as reader:
            reader.sql("select count(*) from runs")

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_does_not_fit_into_memory_goes_beside_the_database(store: Store) -> None:
    with store.read_aside() as reader:
        place = reader.sql("select current_setting('temp_directory') as place").item()

    assert place == f"{store.path}.tmp"


def test_a_file_that_is_too_large_to_copy_is_read_in_its_place(store: Store) -> None:
    assert not is_copied(store, most_mib=0)
    with Store(StoreConfig(path=store.path, read_copy_mib=0)).read_aside() as reader:
        assert reader.sql("select count(*) from runs").item() == 1


def test_what_a_killed_writer_left_in_its_log_is_read_with_the_file(store: Store) -> None:
    script = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "c.execute(\"insert into cursors values ('a', 'b', 1)\").fetchall(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(store.path)], check=False)
    assert store.path.with_name("s.duckdb.wal").exists()

    assert not is_copied(store)
    with store.read_aside() as reader:
        assert reader.sql("select count(*) from cursors").item() == 1


@pytest.mark.usefixtures("foreign_writer")
def test_a_file_that_another_program_has_open_is_read_as_it_is(store: Store) -> None:
    with store.read_aside() as reader:
        assert reader.sql("select count(*) from runs").item() == 1


def test_whoever_reads_does_not_wait_for_a_transaction_of_another_process(store: Store) -> None:
    """What it wrote so far lies in the file, and is not seen."""
    config = StoreConfig(path=store.path, read_wait_s=0.1)
    with another(_WRITING, store):
        begun = store.path.stat().st_size
        with Store(config).read_aside() as reader:
            seen = int(reader.sql("select count(*) from runs").item())
    with store.read_aside() as reader:
        after = int(reader.sql("select count(*) from runs").item())

    assert begun > 4_000_000
    assert (seen, after) == (1, 1_000_001)


def test_this_process_copies_nothing_while_it_writes_itself(store: Store) -> None:
    """Closing a handle would give up the lock by which the engine keeps other programs out."""
    with store.write():
        assert not is_copied(store)
        with pytest.raises(StoreBusy), Store(StoreConfig(path=store.path, read_wait_s=0.1)).read_aside():
            pass
    assert is_copied(store)


def test_a_copy_during_which_the_head_of_the_file_changed_is_made_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[int] = []

    def copy(source: int, target: int, size: int, is_wanted: Callable[[], bool]) -> None:
        _copy(source, target, size, is_wanted)
        copies.append(size)
        if len(copies) < changes:
            with store.path.open("r+b") as file:
                file.seek(5000)
                file.write(bytes([len(copies)]))

    _copy = copying._copy
    monkeypatch.setattr(copying, "_copy", copy)
    changes = 3
    assert is_copied(store)
    assert len(copies) == 3
    copies.clear()
    changes = 99

    assert not is_copied(store)


def test_errors_name_the_database_and_not_the_copy(store: Store) -> None:
    store.path.write_bytes(store.path.read_bytes()[:9000])

    with pytest.raises(Exception, match=r"s\.duckdb` is cut short") as raised, store.read_aside() as reader:
        reader.sql("select count(*) from runs")

    assert not isinstance(raised.value, duckdb.Error)


def test_a_copy_during_which_a_commit_began_is_not_taken(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint writes blocks in their place: half of one would look like a damaged file."""

    def copy(source: int, target: int, size: int, is_wanted: Callable[[], bool]) -> None:
        _copy(source, target, size, is_wanted)
        store.path.with_name("s.duckdb.wal").touch()

    _copy = copying._copy
    monkeypatch.setattr(copying, "_copy", copy)

    assert not is_copied(store)


def test_a_writer_of_this_process_does_not_wait_for_a_long_copy(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_PART", 4096)
    begun, ended = threading.Event(), threading.Event()
    parts = []

    def part(source: int, target: int, count: int, **at: int) -> int:
        begun.set()
        ended.wait(0.01)
        parts.append(count)
        return real(source, target, count, **at)

    real = os.copy_file_range
    monkeypatch.setattr(os, "copy_file_range", part)
    monkeypatch.setattr(copying, "_CLONE", 0)  # also where blocks could be shared
    taken: list[bool] = []
    reader = threading.Thread(target=lambda: taken.append(is_copied(store)))
    reader.start()
    begun.wait()
    begin(store)
    ended.set()
    reader.join()

    assert taken == [False]
    assert len(parts) < store.path.stat().st_size / 4096 / 2


def test_a_database_that_somebody_is_making_is_waited_for(tmp_path: Path) -> None:
    """It is there before it holds a table."""
    store = Store(StoreConfig(path=tmp_path / "s.duckdb", read_wait_s=60))
    seen: list[object] = []

    def read() -> None:
        with store.read_aside() as reader:
            seen.append(reader.sql("select count(*) from runs").item())

    reading = threading.Thread(target=read)
    with another(_MAKING, store):
        reading.start()
        reading.join(1)
        assert reading.is_alive()
    reading.join()

    assert seen == [1]


@pytest.mark.parametrize("kind", ["pipe", "sqlite"])
def test_what_is_no_database_is_told_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "s.duckdb"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"SQLite format 3\x00" + b"\x00" * 20_000)

    with pytest.raises(StoreError, match=r"is no (?:file|DuckDB database)"), Store(StoreConfig(path=path)).read_aside():
        pass
