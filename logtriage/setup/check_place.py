"""Checks of the database: its file, its disk, who holds it, and what it tells of times in which nothing was seen."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from classifiers.blindness import open_spells, read_watched
from collector.place import is_there
from collector.sql import schema_names
from collector.store import Reader, Store
from collector.window import NS_PER_S, Window, format_ns
from logtriage.config import Config
from logtriage.errors import LogtriageError, StoreBusy
from logtriage.escape import plain
from logtriage.setup.check_settings import closed_to_others
from logtriage.setup.checks import Check, of_error

__all__ = ["check_place", "daemon_of"]

_MIB = 2**20
_DAY_NS = 86_400 * NS_PER_S
_LEAST_FREE_MIB, _LITTLE_FREE_MIB = 200, 1024


def check_place(config: Config) -> tuple[Check, ...]:
    """Opens the database as a reader does; changes nothing."""
    store = Store(config.store)
    try:
        store.check_place()
        if not is_there(store.path):
            told = f"there is none at `{plain(store.path, 300)}` yet"
            return (Check("store", "ok", told, "Run `logtriage collect`."), *_disk(store.path))
        with store.read() as reader:
            checks = [_opened(store.path, reader), *_blind(reader)]
    except StoreBusy as error:
        return (of_error("store", error, "warn"), *_files(store.path), *_disk(store.path))
    except LogtriageError as error:
        return (of_error("store", error), *_disk(store.path))
    return (*checks, *_files(store.path), *_disk(store.path))


def _opened(path: Path, reader: Reader) -> Check:
    applied = set(reader.frame("find_migrations")["name"])
    due = [name for name in schema_names() if name not in applied]
    size = path.stat().st_size / _MIB
    told = f"`{plain(path, 300)}` opens, {size:,.1f} MiB"
    if due:
        told += f"; of an older version, which the next run that stores mends ({len(due)} steps)"
    return Check("store", "ok", told)


def _blind(reader: Reader) -> Iterator[Check]:
    """What keeps it from seeing, as runs before wrote it down and nobody has found it over."""
    now_ns = time.time_ns()
    window = Window(now_ns - _DAY_NS, now_ns)
    watched = read_watched(reader, window)
    for one in () if watched is None else open_spells(watched, window):
        told = f"{plain(one.sentence, 400).rstrip('.')}, since {format_ns(one.since_ns)}"
        yield Check("blindness", "warn", told, plain(one.todo, 400))


def _files(path: Path) -> Iterator[Check]:
    opened = closed_to_others("store", path)
    if opened is not None:
        yield opened
    wal = path.with_name(f"{path.name}.wal")
    with contextlib.suppress(OSError):
        if wal.stat().st_size and daemon_of(path) is None:
            yield Check(
                "store", "warn", f"`{plain(wal, 300)}` is left over from a run that was cut off; nothing is lost",
                "Run `logtriage collect`, which folds it in.",
            )  # fmt: skip


def _disk(path: Path) -> Iterator[Check]:
    try:
        free_mib = shutil.disk_usage(path.resolve().parent).free // _MIB
    except OSError as error:
        yield Check("disk", "fail", f"`{plain(path.parent, 300)}`: {error.strerror}", "Give another place with --db.")
        return
    told = f"{free_mib:,} MiB free"
    todo = "Free some space, or let section `retention` keep less."
    if free_mib < _LEAST_FREE_MIB:
        yield Check("disk", "fail", told, todo)
    elif free_mib < _LITTLE_FREE_MIB:
        yield Check("disk", "warn", told, todo)
    else:
        yield Check("disk", "ok", told)


def daemon_of(database: Path) -> str | None:
    """The process id of the daemon that works on it, "" where it is not known; None when there is no daemon.

    The daemon holds a lock on `FILE.daemon`; asking takes it for an instant, shared.
    """
    real = database.resolve()
    try:
        handle = os.open(real.with_name(f"{real.name}.daemon"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
        return pid if pid.isdecimal() else ""
    finally:
        os.close(handle)
    return None
