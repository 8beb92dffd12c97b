"""Compaction gives the room of deleted rows back, and whenever it is cut off one whole file is there."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from collector.compaction import Compacted, compact, file_bytes
from collector.config import StoreConfig
from collector.retention import DAY_NS, prune_by_age
from collector.stopping import Stop, Stopped
from collector.store import Store
from tests.support.days import FIRST_DAY_NS, append, copied, count, day_entries, store_of_days

NOW_NS = FIRST_DAY_NS + 10 * DAY_NS
# A process that compacts and is killed as soon as it calls the function named.
KILLED = """
import os, signal, sys
from pathlib import Path
import collector.compaction as compaction
from collector.stopping import Stop
from collector.config import StoreConfig
from collector.store import Store

where, at = sys.argv[2].split(".")
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(compaction if where == "module" else Path, at, die)
compaction.compact(Store(StoreConfig(path=Path(sys.argv[1]))), stop=Stop(), least_share=0.0)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = store_of_days(tmp_path_factory.mktemp("built") / "s.duckdb", 4, number=4000)
    prune_by_age(store, FIRST_DAY_NS + 3 * DAY_NS, now_ns=NOW_NS, stop=Stop())
    return store


@pytest.fixture
def store(built: Store, tmp_path: Path) -> Store:
    return copied(built, tmp_path)


def test_the_file_gets_smaller_and_holds_the_same(store: Store) -> None:
    with store.read() as reader:
        before = reader.sql("select * from entries order by at_ns, insert_id")
    size = file_bytes(store.path)
    store.path.chmod(0o640)

    done = compact(store, stop=Stop(), least_share=0.0)

    assert done == Compacted(size, file_bytes(store.path))
    assert done.after_bytes < size / 1.5
    assert store.path.stat().st_mode & 0o777 == 0o640
    with store.read() as reader:
        assert reader.sql("select * from entries order by at_ns, insert_id").equals(before)
        assert reader.sql("select count(*) from spans_by_revision").item() == 1
    assert append(store, *day_entries(5)).stored == 10
    assert [path.name for path in store.path.parent.glob("*.compact*")] == []


def test_too_little_that_is_free_is_left_alone(store: Store) -> None:
    done = compact(store, stop=Stop())

    assert not done.is_done
    assert "too little" in done.why_not


def test_a_full_disk_is_told_before_anything_is_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.compaction.shutil.disk_usage", lambda _: os.terminal_size((0, 0)) and _Full)

    done = compact(store, stop=Stop(), least_share=0.0)

    assert "Free some space" in done.why_not


class _Full:
    free = 1000


def test_somebody_who_writes_in_between_wins(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import collector.compaction as module  # noqa: PLC0415 - its name is patched

    like = module.like

    def and_write(old: Path, new: Path) -> None:
        like(old, new)
        os.utime(old)

    monkeypatch.setattr(module, "like", and_write)

    done = compact(store, stop=Stop(), least_share=0.0)

    assert "Somebody wrote meanwhile" in done.why_not
    assert count(store, "entries") == 4000


def test_a_wish_to_stop_ends_the_copy(store: Store) -> None:
    stop = Stop()
    stop.set()
    before = set(threading.enumerate())
    with store.write() as writer:
        many = "insert into entries select entries.* from entries, range(100)"  # large enough to be interrupted
        writer._connection.execute(many).fetchall()

    with pytest.raises(Stopped):
        compact(store, stop=stop, least_share=0.0)

    assert count(store, "entries") == 4000 * 101
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize(
    "at", ["module.settle_file", "module.copy_rows", "module.like", "Path.replace", "module.sync_folder"]
)
def test_a_kill_at_any_step_leaves_one_whole_file(store: Store, at: str) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(store.path), at], check=False)

    assert ended.returncode == -signal.SIGKILL
    again = Store(StoreConfig(path=store.path))
    assert count(again, "entries") == 4000
    assert append(again, *day_entries(5)).stored == 10
    assert compact(again, stop=Stop(), least_share=0.0).is_done
    assert not list(store.path.parent.glob("*.compact*"))
