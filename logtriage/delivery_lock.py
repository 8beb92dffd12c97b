"""One delivery at a time, whatever processes share a database: a lock that the system drops with its process.

The lock is flock(2) on `FILE.deliver` beside the database, as those of runs are (collector/run_lock.py).
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from logtriage.lock_file import open_lock_file

__all__ = ["hold_deliveries"]


@contextlib.contextmanager
def hold_deliveries(database: Path) -> Iterator[bool]:
    """Whether this process alone delivers while the block runs; False where another one does.

    StoreError where the lock cannot be made.
    """
    path = database.with_name(f"{database.name}.deliver")
    handle = open_lock_file(path, of="deliveries")
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
