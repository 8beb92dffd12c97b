"""Mends a damaged store: saves what can be read, counts what is lost, and lets sources read it again.

The damaged file is never changed: it is moved aside as `FILE.damaged-STAMP`. What was derived from entries and spans is
emptied and made anew by whoever signs next.
"""

import contextlib
import time
from pathlib import Path

import orjson
from msgspec import Struct

from collector.acknowledged import forget
from collector.compaction import like
from collector.config import StoreConfig
from collector.database_files import Saved, save_rows, settle_file
from collector.place import sync_folder, wal_of
from collector.records import IMPORTED
from collector.sources.walk import set_back
from collector.store import Store, Writer
from collector.troubles import Trouble, note_troubles

__all__ = ["Mended", "lay_log_aside", "mend", "salvage"]

_DERIVED = ("occurrences", "span_occurrences", "events", "signed", "event_batches")


class Mended(Struct, frozen=True):
    """What became of it: rows that are counted as lost from now on, sources that read again, by name.

    `files`: what was imported and has to be once more.
    """

    lost: int
    sources: tuple[str, ...]
    files: tuple[str, ...]


def lay_log_aside(store: Store, *, stamp: str) -> Path | None:
    """Moves a log of changes that cannot be replayed away; where it is then, None where there is none."""
    real = store.path.resolve()
    if not wal_of(real).exists():
        return None
    aside = real.with_name(f"{wal_of(real).name}.damaged-{stamp}")
    with store.held(is_exclusive=True):
        wal_of(real).replace(aside)
        sync_folder(real.parent)
    return aside


def salvage(store: Store, *, stamp: str) -> tuple[Path, dict[str, Saved]]:
    """Puts a new file with all that can be read in the place of the damaged one; where that is, and what was saved.

    StoreError when nothing can be read: then all is as it was.
    """
    real = store.path.resolve()
    fresh, aside = (real.with_name(f"{real.name}.{ending}") for ending in ("salvage", f"damaged-{stamp}"))
    with store.held(is_exclusive=True):
        _unlink(fresh)
        try:
            new = Store(StoreConfig(path=fresh))
            with new.write():
                pass
            saved = save_rows(real, fresh, engine=store.engine)
            with new.write() as writer:
                writer.execute("insert_missing_batch_rows")
            settle_file(fresh, engine=store.engine)
            like(real, fresh)
            if wal_of(real).exists():
                wal_of(real).replace(wal_of(aside))
            real.replace(aside)
            fresh.replace(real)
            forget(real)
            sync_folder(real.parent)
        finally:
            _unlink(fresh)
    return aside, saved


def mend(store: Store, *, is_derived_lost: bool) -> Mended:
    """Counts rows that are missing as lost, sets cursors back to before them, and empties what was derived, if need be.

    What was acknowledged and is gone altogether is forgotten here: it was told, and is read again where it was pulled.
    The trouble that it was is over.
    """
    with store.write() as writer:
        short = writer.frame("find_short_batches", first_batch=0)
        gone = writer.frame("find_lost_batches")
        for row in short.iter_rows(named=True):
            lost = {"records": row["records"] - row["held"], "dead": row["dead"] - row["held_dead"]}
            writer.execute("update_lost_rows", batch_id=row["batch_id"], **lost)
        since: dict[str, int] = {}
        missing = (*short.iter_rows(named=True), *gone.iter_rows(named=True))
        for row in missing:
            if row["first_at_ns"] is not None:
                since[row["source"]] = min(since.get(row["source"], row["first_at_ns"]), row["first_at_ns"])
        again = tuple(name for name, at_ns in sorted(since.items()) if _set_back(writer, name, at_ns))
        writer.execute("delete_lost_batches")
        if short.height or is_derived_lost:
            for table in _DERIVED:
                writer.execute(f"delete_all_{table}")
    files = tuple(sorted({row["location"] for row in missing if row["source"] == IMPORTED}))
    note_troubles(store, (Trouble("store", "database", time.time_ns(), True, ""),))
    lost_rows = int((short["records"] - short["held"]).sum()) + int(gone["records"].sum())
    return Mended(lost_rows, again, files)


def _set_back(writer: Writer, source: str, at_ns: int) -> bool:
    """Whether that source has a cursor, which stands at the latest at that instant now."""
    found = writer.frame("find_cursor", source=source)
    if not found.height:
        return False
    cursor = set_back(orjson.loads(found["cursor"][0]), at_ns)
    writer.execute("delete_cursor", source=source)
    writer.execute("insert_cursor", source=source, cursor=orjson.dumps(cursor).decode(), now_ns=time.time_ns())
    return True


def _unlink(fresh: Path) -> None:
    for ending in ("", ".wal", ".gate", ".turn"):
        with contextlib.suppress(OSError):
            fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
