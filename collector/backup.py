"""Backup and restore: a whole, checked copy of the database file under another name, or one put in its place.

A backup is copied at the reader's gate, at the speed of the disk: a daemon waits no longer than that. It is opened,
read block by block and written through before it gets its name by one rename. The key that hashes are made with
(`FILE.key`) goes with it: without it nothing that comes later can be matched with what is stored. It is a secret, as is
the backup.
"""

import contextlib
import os
import shutil
from pathlib import Path

from msgspec import Struct

from collector.acknowledged import forget
from collector.compaction import file_bytes, like
from collector.config import StoreConfig
from collector.database_files import count_rows, find_unreadable, settle_file
from collector.errors import StoreError
from collector.place import is_there, sync_file, sync_folder, wal_of
from collector.store import Store

__all__ = ["Copied", "back_up", "key_of", "restore"]

_MARGIN_BYTES = 64 * 2**20


class Copied(Struct, frozen=True):
    """A file that was put somewhere. rows: of each table. aside: where what stood there before is kept, if anything."""

    path: Path
    size: int
    rows: dict[str, int]
    has_key: bool
    aside: Path | None = None

    @property
    def records(self) -> int:
        """Entries, spans and cases of test runs."""
        return sum(self.rows.get(table, 0) for table in ("entries", "spans", "test_cases"))


def key_of(database: Path) -> Path:
    """The file with the key of a database."""
    return database.with_name(f"{database.name}.key")


def back_up(store: Store, target: Path) -> Copied:
    """A copy of a store, which may be in use, at `target`; an older backup of that name is replaced.

    StoreError when there is none, it is damaged, or the target cannot be written; then the target is as it was.
    """
    real, goal = store.path.resolve(), target.resolve()
    with store.read():
        pass  # there, ours and not newer than we are
    _check_target(goal, real, store)
    _check_room(goal, file_bytes(real))
    copy = goal.with_name(f"{goal.name}.part")
    try:
        with store.held(is_exclusive=False):
            for ending in ("", ".wal"):
                _copy_part(real, copy, ending)
        rows = _checked(
            copy, store, named=store.path, todo="Mend it with `logtriage doctor --store --repair`, then back it up."
        )
        has_key = _put_key(real, goal)
        copy.replace(goal)
        sync_folder(goal.parent)
        return Copied(goal, goal.stat().st_size, rows, has_key)
    except OSError as error:
        raise StoreError(f"The backup `{target}` cannot be written: {error.strerror}. Choose another place.") from error
    finally:
        _unlink(copy)


def restore(store: Store, source: Path, *, stamp: str) -> Copied:
    """Puts a backup in the place of the store; what stood there is kept beside it as `FILE.replaced-STAMP`.

    Only while nobody else works on the store: whoever calls holds the lock of the daemon. StoreError when the backup is
    no store of ours, is newer than we are or damaged; then all is as it was.
    """
    if not is_there(source):
        raise StoreError(f"There is no backup at `{source}`. Give the file that `logtriage backup` wrote.")
    real, given = store.path.resolve(), source.resolve()
    if real == given:
        raise StoreError(f"`{source}` is the database itself. Give the file that `logtriage backup` wrote.")
    if not real.is_file():  # what is damaged makes way
        store.check_place()
    _check_room(real, file_bytes(given))
    copy = real.with_name(f"{real.name}.restore")
    try:
        for ending in ("", ".wal"):
            _copy_part(given, copy, ending)
        rows = _checked(copy, store, named=source, todo="Give an older backup; nothing was changed.")
        with store.held(is_exclusive=True):
            aside = _set_aside(real, stamp)
            if aside is not None:
                like(aside, copy)
            copy.replace(real)
            forget(real)
            has_key = _put_key(given, real, aside=aside)
            sync_folder(real.parent)
        return Copied(real, real.stat().st_size, rows, has_key, aside)
    except OSError as error:
        raise StoreError(
            f"The database `{store.path}` cannot be replaced: {error.strerror}. Mend the disk or the permissions."
        ) from error
    finally:
        _unlink(copy)


def _set_aside(real: Path, stamp: str) -> Path | None:
    """Gives what stands there a second name, so that at every moment something stands under the first."""
    if not real.exists():
        return None
    aside = real.with_name(f"{real.name}.replaced-{stamp}")
    try:
        os.link(real, aside)
    except OSError:  # a file system without second names
        shutil.copy2(real, aside)
    if wal_of(real).exists():
        wal_of(real).replace(wal_of(aside))
    return aside


def _checked(copy: Path, store: Store, *, named: Path, todo: str) -> dict[str, int]:
    """Rows of each table of a copy that is ours, whole and written through; every block of it is read.

    StoreError where a block cannot be read: a file that was cut short opens, and counts its rows, like a whole one.
    """
    with Store(StoreConfig(path=copy)).read():
        pass
    settle_file(copy, engine=store.engine)
    rows = count_rows(copy, engine=store.engine)
    if unreadable := find_unreadable(copy, engine=store.engine):
        told = ", ".join(f"`{table}`" for table in sorted(unreadable))
        raise StoreError(f"`{named}` is damaged: rows of {told} cannot be read. {todo}")
    sync_file(copy)
    for kind in ("gate", "turn"):  # of the look above
        copy.with_name(f"{copy.name}.{kind}").unlink(missing_ok=True)
    return rows


def _check_target(goal: Path, real: Path, store: Store) -> None:
    """StoreError where a backup would take the place of something that is none."""
    if goal == real:
        raise StoreError(f"`{goal}` is the database itself. Give another name for the backup.")
    if not goal.parent.is_dir():
        raise StoreError(
            f"The backup `{goal}` has no folder: there is no `{goal.parent}`. Make it first with mkdir -p."
        )
    if goal.exists() and "migrations" not in _tables(goal, store):
        raise StoreError(f"`{goal}` is there and is no backup of logtriage. Give another name.")


def _tables(path: Path, store: Store) -> dict[str, int]:
    with contextlib.suppress(StoreError):
        return count_rows(path, engine=store.engine)
    return {}


def _check_room(goal: Path, size: int) -> None:
    left = shutil.disk_usage(goal.parent).free
    if left < size + _MARGIN_BYTES:
        raise StoreError(
            f"`{goal.parent}` has {left / 2**20:,.0f} MiB free, and a copy needs {(size + _MARGIN_BYTES) / 2**20:,.0f} "
            "MiB. Free some space, or choose another place."
        )


def _copy_part(source: Path, copy: Path, ending: str) -> None:
    part, goal = (path.with_name(path.name + ending) for path in (source, copy))
    goal.unlink(missing_ok=True)
    if part.exists():
        goal.touch(mode=0o600)
        shutil.copyfile(part, goal)


def _put_key(source: Path, goal: Path, *, aside: Path | None = None) -> bool:
    """Copies the key from beside one database to beside the other; whether there is one."""
    key, place = key_of(source), key_of(goal)
    if not key.exists():
        return False
    if aside is not None and place.exists() and place.read_bytes() != key.read_bytes():
        place.replace(key_of(aside))
    part = place.with_name(f"{place.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_bytes(key.read_bytes())
    sync_file(part)
    part.replace(place)
    return True


def _unlink(copy: Path) -> None:
    for ending in ("", ".wal", ".gate", ".turn"):
        with contextlib.suppress(OSError):
            copy.with_name(copy.name + ending).unlink(missing_ok=True)
