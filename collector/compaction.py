"""Compaction: rows that were taken away leave holes in the database file; all others are copied into a file without.

The engine reuses the holes but never gives them back. So when enough of the file is free it is copied beside itself,
compared, written through to the disk, and put in its place by one rename: whenever the process or the machine dies,
one whole file is there under its name. Readers go on while it is copied; writers wait. Should somebody write before
the rename, the copy is thrown away and the next run tries again.
"""

import contextlib
import os
import shutil
from pathlib import Path

from msgspec import Struct

from collector.database_files import copy_rows, settle_file
from collector.errors import StoreError
from collector.place import sync_folder, wal_of
from collector.stopping import Stop
from collector.store import Store

__all__ = ["Compacted", "compact", "file_bytes", "like"]

_ENDING = "compact"  # of the copy while it is made; one that a killed run left is taken away by the next
_LEAST_SHARE = 0.3  # of the file that must be free
_LEAST_BYTES = 64 * 2**20  # ... and how much: less is not worth a copy
_ROOM = 1.1  # times the bytes that are used: what the copy may need
_MARGIN_BYTES = 64 * 2**20


class Compacted(Struct, frozen=True):
    """What became of a compaction; sizes of the file in bytes. `why_not` is a sentence where it was not done."""

    before_bytes: int
    after_bytes: int
    why_not: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the file was made anew."""
        return not self.why_not


def file_bytes(path: Path) -> int:
    """Size of the database with its log of changes; 0 where there is none."""
    total = 0
    for part in (path, wal_of(path)):
        with contextlib.suppress(OSError):
            total += part.stat().st_size
    return total


def compact(store: Store, *, stop: Stop, least_share: float = _LEAST_SHARE) -> Compacted:
    """Makes the file as small as its rows allow, where at least that share of it is free; else says why not.

    StoreError when the database cannot be read, or the copy not be written: then it is as it was. Stopped likewise.
    """
    real = store.path.resolve()
    size = file_bytes(real)
    with store.read() as reader:
        free = int(reader.frame("find_database_size")["free_bytes"][0])
    if least_share and (free < least_share * size or free < _LEAST_BYTES):
        return Compacted(size, size, f"{_mib(free)} of {_mib(size)} are free: too little to copy the rest for.")
    needed, left = round((size - free) * _ROOM) + _MARGIN_BYTES, shutil.disk_usage(real.parent).free
    if left < needed:
        return Compacted(
            size, size, f"The copy needs about {_mib(needed)} on the disk, and {_mib(left)} are free. Free some space."
        )
    copy = real.with_name(f"{real.name}.{_ENDING}")
    try:
        return _replaced(store, real, copy, stop, size)
    finally:
        _unlink(copy)


def _replaced(store: Store, real: Path, copy: Path, stop: Stop, size: int) -> Compacted:
    with store.held(is_exclusive=True):
        settle_file(real, engine=store.engine)
    with store.held(is_exclusive=False):
        _unlink(copy)
        stamp = _stamp(real)
        copy_rows(real, copy, engine=store.engine, stop=stop)
        like(real, copy)
    with store.held(is_exclusive=True):
        if stamp != _stamp(real) or wal_of(real).exists():
            return Compacted(size, size, "Somebody wrote meanwhile; the next run tries again.")
        copy.replace(real)
        sync_folder(real.parent)
    return Compacted(size, file_bytes(real))


def like(old: Path, new: Path) -> None:
    """Gives a new file the permissions of the old one, and its owner where we may."""
    status = old.stat()
    new.chmod(status.st_mode & 0o777)
    with contextlib.suppress(OSError):
        os.chown(new, status.st_uid, status.st_gid)


def _stamp(path: Path) -> tuple[int, int, int]:
    """Changes whenever the file does."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _unlink(copy: Path) -> None:
    for part in (copy, wal_of(copy)):
        try:
            part.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"`{part}` cannot be removed: {error.strerror}. Remove it by hand.") from error


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
