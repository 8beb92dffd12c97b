"""A copy of the database for one reader, so that whoever reads for long holds up nobody who writes.

The copy is made between two transactions, while the gate keeps writers out: a clone where the file system can share
blocks (xfs, btrfs), else at the speed of the page cache, half a second a gigabyte. It has no name: the kernel frees it
when its reader ends, however that ends. See docs/readers.md for what was measured.
"""

import fcntl
import os
import shutil
from pathlib import Path

__all__ = ["copy_aside"]

_CLONE = 0x40049409  # FICLONE of linux/fs.h
_SPARE = 2  # of the free disk at most one part in so many is taken
_MIB = 1024 * 1024


def copy_aside(database: Path, *, most_mib: int) -> int | None:
    """A handle on a nameless copy of the database file; close it when no more is read. Pass the gate first.

    None where it cannot or should not be copied, and has to be read in its place: it is larger than `most_mib`, the
    disk is nearly full, the folder takes no new file, a log of a killed writer has yet to be replayed, a program other
    than logtriage writes in it, or the system knows no nameless files.
    """
    if not hasattr(os, "O_TMPFILE") or database.with_name(f"{database.name}.wal").exists():
        return None
    source = copy = -1
    try:
        source = os.open(database, os.O_RDONLY | os.O_CLOEXEC)
        size = os.fstat(source).st_size
        if size > most_mib * _MIB or size * _SPARE > shutil.disk_usage(database.parent).free:
            return None
        fcntl.lockf(source, fcntl.LOCK_SH | fcntl.LOCK_NB)  # DuckDB's own lock, which programs outside the gate take
        copy = os.open(database.parent, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        _copy(source, copy, size)
    except OSError:
        if copy >= 0:
            os.close(copy)
        return None
    else:
        return copy
    finally:
        if source >= 0:
            os.close(source)


def _copy(source: int, copy: int, size: int) -> None:
    try:
        fcntl.ioctl(copy, _CLONE, source)
    except OSError:
        done = 0
        while done < size:
            part = os.copy_file_range(source, copy, size - done)
            if not part:
                raise OSError from None  # cut short by somebody
            done += part
