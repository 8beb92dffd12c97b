"""A backup is whole or not there; a restored store is the backup, and the one before stands beside it."""

from pathlib import Path

import duckdb
import pytest

from collector.backup import back_up, key_of, restore
from collector.config import StoreConfig
from collector.errors import StoreError
from collector.store import Store
from logtriage.acts.keeping import act_backup, act_restore
from logtriage.daemon.lock import hold_daemon_lock
from logtriage.errors import StoreError as RestoreError
from tests.support.days import append, copied, count, day_entries, store_of_days


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return store_of_days(tmp_path_factory.mktemp("built") / "s.duckdb", 2)


@pytest.fixture
def store(built: Store, tmp_path: Path) -> Store:
    found = copied(built, tmp_path)
    key_of(found.path).write_bytes(b"k" * 32)
    return found


def test_a_backup_of_a_store_that_is_read_is_whole(store: Store, tmp_path: Path) -> None:
    with store.read():
        done = back_up(store, tmp_path / "b.duckdb")

    assert (done.records, done.has_key) == (22, True)
    assert count(Store(StoreConfig(path=done.path)), "entries") == 20
    assert done.path.stat().st_mode & 0o777 == key_of(done.path).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("b.*")) == [
        "b.duckdb", "b.duckdb.gate", "b.duckdb.key", "b.duckdb.turn",
    ]  # fmt: skip


def test_what_a_killed_writer_left_in_its_log_is_in_the_backup(store: Store, tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    with store.write() as writer:
        writer._connection.execute("commit").fetchall()
        writer._connection.execute("insert into cursors values ('logs', '{}', 1)").fetchall()
        for ending in ("", ".wal"):  # as it lies there when the process is killed now
            (left / f"s.duckdb{ending}").write_bytes(Path(f"{store.path}{ending}").read_bytes())
        writer._connection.execute("begin").fetchall()

    done = back_up(Store(StoreConfig(path=left / "s.duckdb")), tmp_path / "b.duckdb")

    assert (left / "s.duckdb.wal").exists()
    assert done.rows["cursors"] == 1


def test_an_older_backup_is_replaced_and_nothing_else(store: Store, tmp_path: Path) -> None:
    back_up(store, tmp_path / "b.duckdb")
    append(store, *day_entries(3))
    assert back_up(store, tmp_path / "b.duckdb").records == 32
    (tmp_path / "text").write_text("mine", encoding="utf-8")
    duckdb.connect(str(tmp_path / "foreign.duckdb")).close()

    for name in ("text", "foreign.duckdb"):
        with pytest.raises(StoreError, match="is no backup of logtriage"):
            back_up(store, tmp_path / name)
    with pytest.raises(StoreError, match="is the database itself"):
        back_up(store, store.path)


def test_a_restored_store_is_the_backup_and_the_one_before_stands_beside_it(store: Store, tmp_path: Path) -> None:
    back_up(store, tmp_path / "b.duckdb")
    append(store, *day_entries(3))
    key_of(store.path).write_bytes(b"x" * 32)

    done = restore(store, tmp_path / "b.duckdb", stamp="now")

    assert (count(store, "entries"), done.aside) == (20, tmp_path / "s.duckdb.replaced-now")
    assert count(Store(StoreConfig(path=tmp_path / "s.duckdb.replaced-now")), "entries") == 30
    assert (key_of(store.path).read_bytes(), (tmp_path / "s.duckdb.replaced-now.key").read_bytes()) == (
        b"k" * 32,
        b"x" * 32,
    )
    assert append(store, *day_entries(3)).stored == 10
    assert count(store, "lost_batches") == 0


def test_a_damaged_store_gives_way_to_its_backup(store: Store, tmp_path: Path) -> None:
    back_up(store, tmp_path / "b.duckdb")
    store.path.write_bytes(b"no database")

    done = restore(store, tmp_path / "b.duckdb", stamp="now")

    assert (done.aside or store.path).read_bytes() == b"no database"
    assert count(store, "entries") == 20


def test_a_backup_that_is_none_or_newer_leaves_all_as_it_was(store: Store, tmp_path: Path) -> None:
    back_up(store, tmp_path / "b.duckdb")
    with duckdb.connect(str(tmp_path / "b.duckdb")) as connection:
        connection.execute("insert into migrations values ('create_0999_future', 1)").fetchall()
    (tmp_path / "text").write_text("mine and nobody else's", encoding="utf-8")

    for name, said in (
        ("b.duckdb", "newer logtriage"),
        ("text", "is no DuckDB database"),
        ("none", "There is no backup"),
    ):
        with pytest.raises(StoreError, match=said):
            restore(store, tmp_path / name, stamp="now")

    assert count(store, "entries") == 20
    assert not list(tmp_path.glob("*.re*"))


def test_a_backup_that_was_cut_short_leaves_all_as_it_was(store: Store, tmp_path: Path) -> None:
    back_up(store, tmp_path / "b.duckdb")
    whole = (tmp_path / "b.duckdb").read_bytes()
    cut = 3 * 4096 + 3 * 262_144  # headers and three blocks: it opens, and counts its rows, like a whole one
    (tmp_path / "b.duckdb").write_bytes(whole[:cut])
    before = store.path.read_bytes()

    with pytest.raises(StoreError, match=r"is damaged|is cut short|cannot be read"):
        restore(store, tmp_path / "b.duckdb", stamp="now")

    assert len(whole) > cut
    assert store.path.read_bytes() == before
    assert not list(tmp_path.glob("*.re*"))


def test_no_backup_is_made_of_rows_that_cannot_be_read(store: Store, tmp_path: Path) -> None:
    back_up(store, tmp_path / "b.duckdb")
    kept = (tmp_path / "b.duckdb").read_bytes()
    store.path.write_bytes(store.path.read_bytes()[: 3 * 4096 + 3 * 262_144])

    with pytest.raises(StoreError, match=r"is damaged|is cut short|cannot be read"):
        back_up(store, tmp_path / "b.duckdb")

    assert (tmp_path / "b.duckdb").read_bytes() == kept


def test_the_commands_say_what_is_where(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "b.duckdb"
    act_backup(None, store.path, file=file)
    assert "22 records" in (told := capsys.readouterr().out)
    assert "It is a secret" in told
    with pytest.raises(RestoreError, match="--force"):
        act_restore(None, store.path, file=file, is_forced=False)
    with hold_daemon_lock(store.path), pytest.raises(RestoreError):
        act_restore(None, store.path, file=file, is_forced=True)

    act_restore(None, store.path, file=file, is_forced=True)

    assert "the database of before" in capsys.readouterr().out
