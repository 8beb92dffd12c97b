"""One daemon a store: a lock that the system drops when its process ends, however it ends.

The lock is flock(2) on `FILE.daemon` beside the database, which holds the process id of the daemon for people. A daemon
on another host that shares the folder is seen where the file system shares its locks, which is not promised.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from logtriage.errors import StoreError
from logtriage.lock_file import open_lock_file

__all__ = ["hold_daemon_lock"]

_PATIENCE_S = 0.5  # who only asks for the lock (`logtriage doctor`) holds it for an instant


@contextlib.contextmanager
def hold_daemon_lock(database: Path) -> Iterator[None]:
    """Nobody else runs a daemon on this database meanwhile; StoreError, with the process id, where somebody does.

    The file stays when the lock is dropped: one that is removed could be locked by two, one of them under its old name.
    """
    real = database.resolve()
    path = real.with_name(f"{real.name}.daemon")
    handle = open_lock_file(path, of="the daemon")
    try:
        _lock(handle, database)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, database: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() < until:
                time.sleep(_PATIENCE_S / 10)
                continue
            raise _held(handle, database) from error
        else:
            return


def _held(handle: int, database: Path) -> StoreError:
    pid = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
    named = f" (process {pid})" if pid.isdecimal() else ""
    return StoreError(
        f"A daemon works on `{database}` already{named}. End it first, or give another place with --db or store.path."
    )
