"""The file of a lock beside the database: made where there is none, for its owner alone."""

import os
from pathlib import Path

from logtriage.errors import StoreError

__all__ = ["open_lock_file"]


def open_lock_file(path: Path, *, of: str) -> int:
    """An open handle for flock(2), which whoever asked closes; StoreError, naming what it locks, without one."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"The lock `{path}` of {of} cannot be made: {error.strerror}. Mend the disk or the permissions."
        ) from error
