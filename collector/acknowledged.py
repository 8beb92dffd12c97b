"""What was acknowledged as stored last, beside the database: `FILE.acks`, so that a loss inside it cannot go unseen.

The engine takes a damaged length in its log of changes (FILE.wal) for a torn end: it opens without an error, and all
that was committed after it is gone, cursors and ledger with it. So whoever stores writes here what was committed, while
it holds the gate; the next writer finds in the database what stands here, or knows what is missing. A closed database
has no log of changes, and then only the last lines are kept.
"""

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from collector.place import wal_of

__all__ = ["Acknowledged", "acks_of", "forget", "is_unclean", "read_acknowledged", "write_acknowledged"]


class Acknowledged(Struct, frozen=True):
    """One batch that was committed. records: rows of entries, spans and test cases that it brought."""

    batch_id: int
    run_id: int
    source: str
    location: str
    records: int
    first_at_ns: int | None
    last_at_ns: int | None


def acks_of(database: Path) -> Path:
    """The file with what was acknowledged."""
    return database.with_name(f"{database.name}.acks")


def write_acknowledged(database: Path, batches: Iterable[Acknowledged], *, is_first: bool) -> None:
    """Adds what was committed; `is_first`: all before is safe in the database file and can be forgotten.

    A file that cannot be written stops nothing: the batches are stored, only a loss of them would go unseen.
    """
    lines = "".join(f"{json.dumps(asdict(one), separators=(',', ':'))}\n" for one in batches)
    mode = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if is_first else os.O_APPEND)
    with contextlib.suppress(OSError):
        handle = os.open(acks_of(database), mode, 0o600)
        try:
            os.write(handle, lines.encode())
        finally:
            os.close(handle)


def read_acknowledged(database: Path) -> tuple[Acknowledged, ...]:
    """What was acknowledged, in order; a line that was cut off by a kill was never acknowledged."""
    try:
        text = acks_of(database).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    found = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError, TypeError):
            found.append(Acknowledged(**json.loads(line)))
    return tuple(found)


def forget(database: Path) -> None:
    """Nothing is known of what was acknowledged: it was looked for, or another database is put in its place."""
    with contextlib.suppress(OSError):
        acks_of(database).unlink(missing_ok=True)


def is_unclean(database: Path) -> bool:
    """Whether the last writer was cut off before its changes were in the database file."""
    try:
        return wal_of(database).stat().st_size > 0
    except OSError:
        return False
