"""A copy of the database for one reader, so that whoever reads for long holds up nobody who writes.

Nobody waits for it, and it waits for nobody. DuckDB never writes over what the head of the file points at: a
transaction and a checkpoint fill free blocks, and then the head is written anew in one piece, or a process killed there
would lose the file. So a copy is whole, as of the last checkpoint, where the head is after it what it was before;
else it is made again. A clone where the file system can share blocks (xfs, btrfs), else at the speed of the page cache,
half a second a gigabyte. It has no name: the kernel frees it when its reader ends, however that ends. See
docs/readers.md for what was measured.
"""

import contextlib
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

__all__ = ["copy_aside", "written_here"]

_CLONE = 0x40049409  # FICLONE of linux/fs.h
_SPARE = 2  # of the free disk at most one part in so many is taken
_MIB = 1024 * 1024
_HEAD_BYTES = 3 * 4096  # who wrote the file, and the two heads that checkpoints write by turns
_TRIES = 3

_here = threading.Lock()
_written: set[str] = set()


@contextlib.contextmanager
def written_here(database: Path) -> Iterator[None]:
    """While the body runs this process has the file open to write, and makes no copies of it.

    A lock that DuckDB has on a file, to keep other programs out, is the process's: closing any handle gives it up.
    """
    name = os.path.realpath(database)
    with _here:
        _written.add(name)
    try:
        yield
    finally:
        _written.discard(name)


def copy_aside(database: Path, *, most_mib: int) -> int | None:
    """A handle on a nameless copy of the database file; close it when no more is read.

    None where it cannot or should not be copied now: what was committed is in the log and not in the file yet (of a
    writer at work, or of a killed one), this process writes in it, it changed again and again meanwhile, it is larger
    than `most_mib`, the disk is nearly full, the folder takes no new file, or the system knows no nameless files.
    """
    with _here:
        if not hasattr(os, "O_TMPFILE") or os.path.realpath(database) in _written:
            return None
        return _copied(database, most_mib=most_mib)


def _copied(database: Path, *, most_mib: int) -> int | None:
    source = copy = -1
    try:
        source = os.open(database, os.O_RDONLY | os.O_CLOEXEC)
        size = os.fstat(source).st_size
        if size > most_mib * _MIB or size * _SPARE > shutil.disk_usage(database.parent).free:
            return None
        for _ in range(_TRIES):
            if database.with_name(f"{database.name}.wal").exists():
                return None
            copy = os.open(database.parent, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
            head = os.pread(source, _HEAD_BYTES, 0)
            _copy(source, copy, os.fstat(source).st_size)
            if os.pread(source, _HEAD_BYTES, 0) == head:
                whole, copy = copy, -1
                return whole
            os.close(copy)
            copy = -1
    except OSError:
        return None
    finally:
        for handle in (source, copy):
            if handle >= 0:
                os.close(handle)
    return None


def _copy(source: int, copy: int, size: int) -> None:
    try:
        fcntl.ioctl(copy, _CLONE, source)
    except OSError:
        done = 0
        while done < size:
            part = os.copy_file_range(source, copy, size - done, offset_src=done, offset_dst=done)
            if not part:
                raise OSError from None  # cut short by somebody
            done += part
