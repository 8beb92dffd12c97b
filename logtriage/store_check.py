"""What a look at the store finds: whether it is whole, and what to do where it is not. `logtriage doctor --store`."""

import time
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from classifiers.signing import sign_new
from collector.compaction import file_bytes
from collector.database_files import Saved, find_unreadable
from collector.errors import StoreBusy, StoreError
from collector.mending import lay_log_aside, mend, salvage
from collector.place import is_there
from collector.records import IMPORTED
from collector.store import Reader, Store
from collector.window import format_ns
from logtriage.config import Config
from logtriage.keeping import short_history_words
from logtriage.shell import quoted
from logtriage.wording import plural

__all__ = ["StoreFinding", "check_store"]

_KEPT = "create_0011_kept"
_MEND = "Count it as lost and let the sources read it again with `logtriage doctor --store --repair`."
_LONGEST = 1000  # characters of a path in a command
_SHOWN = 10  # batches that are told one by one


class StoreFinding(Struct, frozen=True):
    """One thing that was looked at. `todo` is "" where nothing is to be done."""

    name: str  # two words or so for the left column: `ledger`, `rows of batches`
    state: Literal["ok", "warn", "fail"]
    what: str  # a sentence
    todo: str = ""  # a sentence with what to do


def check_store(config: Config, *, repair: bool) -> tuple[StoreFinding, ...]:
    """Everything that can be wrong with the database file, looked at whole; `repair` mends what can be mended first.

    Raises nothing of what it looks for: a file that cannot be opened is a finding too. Every block is read,
    of a copy where there can be one, so that nobody who writes waits.
    """
    store = Store(config.store)
    try:
        if not is_there(store.path):
            told = f"There is no database at `{store.path}` yet."
            return (StoreFinding("file", "warn", told, "Run `logtriage collect`."),)
        laid: tuple[StoreFinding, ...] = ()
        try:
            unreadable = _look(store)
        except StoreBusy:
            raise
        except StoreError as error:
            aside = lay_log_aside(store, stamp=_stamp()) if repair else None
            if aside is None:
                return (_closed(error, was_tried=repair),)
            told = f"The log of last changes cannot be read: it is `{aside}` now. What is lost is told below."
            laid, unreadable = (StoreFinding("file", "warn", told),), _look(store)
        done = laid + tuple(_repaired(store, unreadable)) if repair else tuple(map(_unreadable, unreadable.items()))
        if unreadable and not repair:
            return done
        with store.read_aside() as reader:
            return (*done, _file(store, reader), *_sums(reader), *_history(config))
    except StoreError as error:
        return (_closed(error, was_tried=False),)


def _look(store: Store) -> dict[str, str]:
    with store.file_aside() as path:
        return find_unreadable(path, engine=store.engine, copy_of=store.path)


def _closed(error: StoreError, *, was_tried: bool) -> StoreFinding:
    """A file that does not open at all."""
    what, _, todo = str(error).partition(". ")
    if was_tried:
        todo = (
            "Nothing of it can be read. Put a backup in its place with `logtriage restore FILE --force`, or move it "
            "away and collect again."
        )
    return StoreFinding("file", "fail", f"{what}.", todo)


def _stamp() -> str:
    return format_ns(time.time_ns()).replace(":", "").replace("-", "")


def _repaired(store: Store, unreadable: dict[str, str]) -> Iterator[StoreFinding]:
    """Mends, and tells what became of it."""
    if unreadable:
        aside, saved = salvage(store, stamp=_stamp())
        yield StoreFinding("file", "warn", f"What can be read was saved; the damaged file is `{aside}`.")
        yield from (_saved(name, one) for name, one in saved.items() if one.lost)
    mended = mend(store, is_derived_lost=bool(unreadable))
    if mended.lost:
        again = f" {', '.join(mended.sources)} will be read again from there." if mended.sources else ""
        files = " ".join(quoted(name, _LONGEST) for name in mended.files)
        todo = f"Run `logtriage import {files}`." if files else ""
        yield StoreFinding("mended", "warn", f"{plural(mended.lost, 'record')} counted as lost.{again}", todo)
    if mended.lost or unreadable:
        sign_new(store)
        yield StoreFinding("derived", "ok", "Signatures and events were made anew.")


def _unreadable(found: tuple[str, str]) -> StoreFinding:
    name, said = found
    todo = "Save what can be read with `logtriage doctor --store --repair`, or run `logtriage restore FILE --force`."
    return StoreFinding("blocks", "fail", f"Rows of `{name}` cannot be read: {said}.", todo)


def _saved(name: str, one: Saved) -> StoreFinding:
    return StoreFinding("lost", "fail", f"{one.lost:,} of {one.lost + one.kept:,} rows of `{name}` could not be read.")


def _file(store: Store, reader: Reader) -> StoreFinding:
    free = int(reader.frame("find_database_size")["free_bytes"][0])
    size = file_bytes(store.path)
    told = f"`{store.path}` has {size / 2**20:,.1f} MiB, {free / 2**20:,.1f} of them free, and every block can be read."
    return StoreFinding("file", "ok", told)


def _sums(reader: Reader) -> Iterator[StoreFinding]:
    """Law 1 over all runs, and the rows of each batch against what it brought."""
    wrong = reader.frame("find_ledger_mismatches")
    for run, source, what, told, held in wrong.iter_rows():
        line = f"Run {run} of `{source}`: {what}: {told:,} told, {held:,} accounted for."
        yield StoreFinding("ledger", "fail", line, "Report this as a bug.")
    if not wrong.height:
        yield StoreFinding("ledger", "ok", "Of every run, read = stored + duplicates + dead.")
    if _KEPT not in set(reader.frame("find_migrations")["name"]):
        told = "Rows cannot be held against what batches brought: a version before stored them."
        yield StoreFinding("rows", "warn", told, "The next run that stores anything makes it possible.")
        return
    short, gone = reader.frame("find_short_batches", first_batch=0), reader.frame("find_lost_batches")
    if not short.height and not gone.height:
        yield StoreFinding("rows", "ok", "Every batch has the rows that it brought, but for those that were pruned.")
    for row in short.head(_SHOWN).iter_rows(named=True):
        held, told = row["held"] + row["held_dead"], row["records"] + row["dead"]
        batch = f"Batch {row['batch_id']} of run {row['run_id']} of `{row['source']}`"
        line = f"{batch}{_span(row)}: {held:,} of {told:,} rows."
        yield StoreFinding("rows", "fail", line, _way_out(row))
    for row in gone.head(_SHOWN).iter_rows(named=True):
        line = f"A batch of `{row['source']}`{_span(row)} with {row['records']:,} records was stored and is gone."
        yield StoreFinding("rows", "fail", line, _way_out(row))
    more = short.height + gone.height
    if max(short.height, gone.height) > _SHOWN:
        yield StoreFinding("rows", "fail", f"{more:,} batches in all are not whole.", _MEND)


def _span(row: dict[str, object]) -> str:
    """` from 2026-10-01T10:02:00Z to ...`, of event time."""
    first, last = row["first_at_ns"], row["last_at_ns"]
    if not isinstance(first, int) or not isinstance(last, int):
        return ""
    return f" from {format_ns(first)} to {format_ns(last)}"


def _way_out(row: dict[str, object]) -> str:
    """What brings the records back: another pull, or the file once more."""
    if row["source"] == IMPORTED:
        file = quoted(str(row["location"]), _LONGEST)
        return f"Run `logtriage doctor --store --repair`, then `logtriage import {file}`."
    return _MEND


def _history(config: Config) -> tuple[StoreFinding, ...]:
    told = short_history_words(config)
    what, _, todo = told.partition(": ")
    return (StoreFinding("retention", "warn", f"{what}.", f"{todo[:1].upper()}{todo[1:]}"),) if told else ()
