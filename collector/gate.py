"""Takes turns at the database file: writers and readers of all processes pass one at a time, and none is starved.

DuckDB lets one process write or many read, and answers everybody else with an error at once. Polling against a writer
that opens and closes without pause can lose every time. So whoever wants the file first takes the turnstile, then the
gate (shared to read, exclusive to write), then lets the next one at the turnstile. A writer that comes back finds the
waiting reader before it. The locks are flock(2) on `FILE.gate`: the kernel drops them when a process dies.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["pass_gate"]

_POLL_S = 0.004


@contextlib.contextmanager
def pass_gate(database: Path, *, is_exclusive: bool, wait_s: float) -> Iterator[bool]:
    """Holds the gate of `database` while the body runs; yields False when it was not free within wait_s.

    Where the lock file cannot be made (a read-only folder) there can be no writer either: yields True at once.
    """
    handles: list[int] = []
    try:
        try:
            handles = [_open(database, "turn"), _open(database, "gate")]
        except OSError:
            yield True
            return
        turn, gate = handles
        until = time.monotonic() + wait_s
        passed = _lock(turn, fcntl.LOCK_EX, until=until)
        if passed:
            passed = _lock(gate, fcntl.LOCK_EX if is_exclusive else fcntl.LOCK_SH, until=until)
            fcntl.flock(turn, fcntl.LOCK_UN)
        yield passed
    finally:
        for handle in handles:
            os.close(handle)


def _open(database: Path, kind: str) -> int:
    path = database.with_name(f"{database.name}.{kind}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock(handle: int, mode: int, *, until: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_POLL_S)
        else:
            return True
