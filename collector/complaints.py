"""What the database engine complains of, in our words: what happened to the file, what is lost or not, what to do."""

import contextlib
from pathlib import Path

from collector.errors import StoreBusy, StoreError

__all__ = ["LOCK_WORDS", "complaint", "first_line"]

LOCK_WORDS = "Could not set lock"
_ELSEWHERE = "Give another place with --db or store.path."
_KEPT = "Nothing stored before is lost. "
_MEND = (
    "Save what can be read with `logtriage doctor --store --repair`, or put a backup in its place with "
    "`logtriage restore FILE --force`."
)
_DAMAGED = f"What was stored before may be lost. {_MEND}"
_CUT = f"What stood at its end is lost. {_MEND}"
# Words of the engine, what became of the file, what to do. The first that fit.
_KNOWN = (
    ("No space left", "cannot grow: the disk is full", f"{_KEPT}Free some space and run the same command again."),
    ("not a valid DuckDB database", "is no DuckDB database", _ELSEWHERE),
    ("WAL file", "has a damaged log of its last changes (.wal)", f"What was stored before that is whole. {_MEND}"),
    ("Could not read enough bytes", "is cut short", _CUT),
    ("Could not read all", "is cut short", _CUT),
    ("Corrupt", "is damaged", _DAMAGED),
    ("checksum", "is damaged", _DAMAGED),
    ("has been invalidated", "is damaged, or its disk failed", _DAMAGED),
    ("Disk quota exceeded", "cannot grow: the quota of the disk is used up", f"{_KEPT}Free some space."),
    ("File too large", "cannot grow: the file may not get larger", f"{_KEPT}Raise the limit (ulimit -f)."),
    ("Input/output error", "cannot be read or written: the disk fails", f"Look at the disk first (dmesg). {_MEND}"),
    ("version number", "was written by another DuckDB version", f"{_KEPT}Upgrade logtriage."),
    ("Permission denied", "cannot be opened: no permission", "Mend the permissions, or give another --db."),
    ("Read-only file system", "cannot be written: read-only disk", f"{_KEPT}{_ELSEWHERE}"),
    ("Out of Memory", "needs more memory than it may use", f"{_KEPT}Raise store.memory_limit_mib."),
    ("failed to allocate", "needs more memory than there is", f"{_KEPT}Lower store.memory_limit_mib, or free memory."),
    ("could not allocate", "needs more memory than there is", f"{_KEPT}Lower store.memory_limit_mib, or free memory."),
)  # fmt: skip


def complaint(error: Exception, path: Path) -> StoreError:
    """The engine's complaint about the file at `path` in our words."""
    text = str(error)
    if LOCK_WORDS in text:
        holder = text.partition("held in ")[2].partition(".")[0] or "another process"
        return StoreBusy(f"The database `{path}` is held by {holder}. End that process, or give another --db.")
    if _is_empty(path) and "Permission denied" not in text:
        return StoreError(
            f"The database `{path}` is an empty file. What it held, if anything, is lost. Remove it, or put a "
            "backup in its place with `logtriage restore FILE --force`."
        )
    for words, what, way_out in _KNOWN:
        if words.lower() in text.lower():
            return StoreError(f"The database `{path}` {what}. {way_out}")
    return StoreError(f"The database `{path}` failed: {first_line(error)}. Run the command again.")


def _is_empty(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_size == 0
    return False


def first_line(error: Exception) -> str:
    """The first line of a complaint without its full stop; its kind where it says nothing."""
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
