"""Whether a run goes on: each holds a lock in its process, which the system drops when that ends, however it ends.

The locks are flock(2) on `FILE.run-NUMBER` beside the database: no process id that another process may have by now, or
that another container does not know.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from collector.errors import StoreError

__all__ = ["RunLock", "is_gone"]


class RunLock:
    """The lock of one run, held until it is released or its process ends. StoreError when it cannot be made."""

    def __init__(self, database: Path, run_id: int) -> None:
        self._path = _path(database, run_id)
        self._handle: int | None = None
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(
                f"The lock `{self._path}` of a run cannot be made: {error.strerror}. Mend the disk or the permissions."
            ) from error

    def release(self) -> None:
        """The run goes on no longer; its file is removed."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._close()

    def __del__(self) -> None:
        self._close()

    def _close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def is_gone(database: Path, run_id: int) -> bool:
    """Whether no process holds the lock of a run that has no end; what a killed one left is removed."""
    path = _path(database, run_id)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _path(database: Path, run_id: int) -> Path:
    return database.with_name(f"{database.name}.run-{run_id}")
