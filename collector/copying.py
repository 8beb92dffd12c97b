"""A copy of the database for one reader, so that whoever reads for long holds up nobody who writes.

Nobody waits for it, and it waits for nobody. What is committed goes to the log of changes first; then a checkpoint
writes it to the file, at last the head that points at it, and takes the log away. Before that a transaction fills free
blocks alone, or a process killed there would lose the file. So a copy is whole, as of the last checkpoint, where there
was no log before and after it and the head is the same: no checkpoint overlapped it. Else it is made again, or at one's
turn. A clone where the file system can share blocks (xfs, btrfs), else at the speed of the page cache, half a second a
gigabyte. It has no name: the kernel frees it when its reader ends, however that ends. See docs/readers.md for what was
measured.
"""

import contextlib
import fcntl
import os
import shutil
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from collector.place import MAGIC, MAGIC_AT, wal_of

__all__ = ["copy_aside", "written_here"]

_CLONE = 0x40049409  # FICLONE of linux/fs.h
_SPARE = 2  # of the free disk at most one part in so many is taken
_MIB = 1024 * 1024
_PART = 16 * _MIB  # copied at once: so long a writer of the same process waits
_HEAD_BYTES = 3 * 4096  # who wrote the file, and the two heads that checkpoints write by turns
_TRIES = 3

_here = threading.Condition()
_written: Counter[str] = Counter()  # files that this process has open to write, or waits to
_read: Counter[str] = Counter()  # and those that it copies


@contextlib.contextmanager
def written_here(database: Path) -> Iterator[None]:
    """While the body runs this process has the file open to write, and makes no copies of it; one under way ends.

    A lock that DuckDB has on a file, to keep other programs out, is the process's: closing any handle gives it up.
    """
    name = os.path.realpath(database)
    with _here:
        _written[name] += 1
        _here.wait_for(lambda: not _read[name])
    try:
        yield
    finally:
        with _here:
            _written[name] -= 1


def copy_aside(database: Path, *, most_mib: int) -> int | None:
    """A handle on a nameless copy of the database file; close it when no more is read.

    None where it cannot or should not be copied now: what was committed is in the log and not in the file yet (of a
    writer at work, or of a killed one), this process writes in it, it changed again and again meanwhile, it is larger
    than `most_mib` or no database, the disk is nearly full, the folder takes no new file, or the system knows no
    nameless files.
    """
    if not hasattr(os, "O_TMPFILE"):
        return None
    name = os.path.realpath(database)
    with _here:
        if _written[name]:
            return None
        _read[name] += 1
    try:
        return _copied(database, most_mib=most_mib, is_wanted=lambda: not _written[name])
    except OSError:
        return None
    finally:
        with _here:
            _read[name] -= 1
            _here.notify_all()


def _copied(database: Path, *, most_mib: int, is_wanted: Callable[[], bool]) -> int | None:
    with contextlib.ExitStack() as undo:
        source = os.open(database, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for its other end
        undo.callback(os.close, source)
        for _ in range(_TRIES):
            status = os.fstat(source)
            head = os.pread(source, _HEAD_BYTES, 0)
            is_ours = stat.S_ISREG(status.st_mode) and len(head) == _HEAD_BYTES and head[MAGIC_AT:].startswith(MAGIC)
            is_small = status.st_size <= most_mib * _MIB
            if not is_ours or not is_small or status.st_size * _SPARE > shutil.disk_usage(database.parent).free:
                return None
            if wal_of(database).exists() or not is_wanted():
                return None
            copy = os.open(database.parent, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
            with contextlib.ExitStack() as failed:
                failed.callback(os.close, copy)
                _copy(source, copy, status.st_size, is_wanted)
                # first the log, then the head: the log is taken away after the head is written
                if wal_of(database).exists():
                    return None
                if os.pread(source, _HEAD_BYTES, 0) == head:
                    failed.pop_all()
                    return copy
    return None


def _copy(source: int, copy: int, size: int, is_wanted: Callable[[], bool]) -> None:
    try:
        fcntl.ioctl(copy, _CLONE, source)
    except OSError:
        done = 0
        while done < size:
            part = os.copy_file_range(source, copy, min(size - done, _PART), offset_src=done, offset_dst=done)
            if not part or not is_wanted():
                raise OSError from None  # cut short by somebody, or not to go on
            done += part
