"""Retention: what is older than it should be, or more than fits, is taken away with all that was derived from it.

Taken are entries, spans, cases of test runs and dead letters, and their occurrences and events. Kept for ever are facts
(deploys), signatures, forecasts, states of incidents and what was told (of figures the last), and of runs and batches
the sums: law 1 holds over everything ever read, and counts what was taken. Whole days (UTC) go, the oldest first, each
in a transaction of its own, so that readers and writers get their turns between and a wish to stop is heard.
"""

from pathlib import Path

from msgspec import Struct

from collector.compaction import Compacted, compact, file_bytes
from collector.folding import fold_sums
from collector.place import is_there
from collector.replacing import replace
from collector.stopping import Stop
from collector.store import Reader, Store
from collector.window import NS_PER_S

__all__ = [
    "DAY_NS",
    "Pruned",
    "aged_before_ns",
    "count_old",
    "count_over_size",
    "prune_by_age",
    "prune_by_size",
]

DAY_NS = 86_400 * NS_PER_S
_LEAST_DAYS = 1  # that size leaves: with less there is nothing to analyse
_ROOM = 0.9  # of the size that is allowed, which is filled when it was too much: not to prune at every look
_ROUNDS = 5
# What takes rows away before a time; the derived ones first, so that none is ever without what it was derived from.
_DERIVED = ("delete_old_occurrences", "delete_old_span_occurrences", "delete_old_events")
_OWN = ("delete_old_job_runs", "delete_old_troubles", "delete_old_looks", "delete_old_deliveries")


class Pruned(Struct, frozen=True):
    """What was taken away, or would be. before_ns: everything from before it; None where nothing was.

    `is_whole`: all that was due is done; else it was stopped before, and the next run goes on.
    """

    before_ns: int | None = None
    entries: int = 0
    spans: int = 0
    tests: int = 0
    dead: int = 0
    is_whole: bool = True
    compacted: Compacted | None = None

    @property
    def records(self) -> int:
        """Rows of all kinds."""
        return self.entries + self.spans + self.tests + self.dead

    def __add__(self, other: "Pruned") -> "Pruned":
        both = [at_ns for at_ns in (self.before_ns, other.before_ns) if at_ns is not None]
        return Pruned(
            before_ns=max(both, default=None),
            entries=self.entries + other.entries,
            spans=self.spans + other.spans,
            tests=self.tests + other.tests,
            dead=self.dead + other.dead,
            is_whole=other.is_whole,
            compacted=other.compacted or self.compacted,
        )


def aged_before_ns(days: float, *, now_ns: int) -> int:
    """The midnight (UTC) from which on everything is at most so many days old, and up to one more."""
    return (now_ns - round(days * DAY_NS)) // DAY_NS * DAY_NS


def count_old(reader: Reader, before_ns: int) -> Pruned:
    """What would be taken away before a time."""
    found = reader.frame("count_before", before_ns=before_ns).row(0, named=True)
    counts = {kind: found[kind] for kind in ("entries", "spans", "tests", "dead")}
    return Pruned(before_ns=before_ns if any(counts.values()) else None, **counts)


def prune_by_age(store: Store, before_ns: int, *, now_ns: int, stop: Stop, why: str = "age") -> Pruned:
    """Takes away everything from before a time, the oldest day first, and what logtriage noted of its own work then.

    Ends early once the stop is set; the next run goes on. The file stays as large: see collector/compaction.py.
    """
    total = Pruned()
    if not is_there(store.path):
        return total
    while True:
        with store.read() as reader:
            oldest_ns = reader.frame("count_before", before_ns=before_ns)["oldest_ns"][0]
        if oldest_ns is None:
            break
        if stop.is_set:
            return replace(total, is_whole=False)
        total += _take(store, min(before_ns, (oldest_ns // DAY_NS + 1) * DAY_NS), why=why, now_ns=now_ns)
    with store.write() as writer:
        writer.execute("delete_delivered_edits")
        for query in _OWN:
            writer.execute(query, before_ns=before_ns)
        writer.execute("delete_retention_marks", now_ns=now_ns)
    fold_sums(store, before_ns, now_ns=now_ns)
    return total


def _take(store: Store, before_ns: int, *, why: str, now_ns: int) -> Pruned:
    """One slice, in one transaction, with the mark that keeps it from coming back."""
    with store.write() as writer:
        writer.execute("update_pruned_rows", before_ns=before_ns)
        for query in _DERIVED:
            writer.execute(query, before_ns=before_ns)
        taken = Pruned(
            before_ns=before_ns,
            entries=writer.execute("delete_old_entries", before_ns=before_ns),
            spans=writer.execute("delete_old_spans", before_ns=before_ns),
            tests=writer.execute("delete_old_tests", before_ns=before_ns),
            dead=writer.execute("delete_old_dead_letters", before_ns=before_ns),
        )
        writer.execute("insert_retention_mark", before_ns=before_ns, why=why, now_ns=now_ns)
    return taken


def prune_by_size(store: Store, max_bytes: int, *, now_ns: int, stop: Stop) -> Pruned:
    """Takes away the oldest days until what is left fits, and makes the file smaller where it is larger than allowed.

    Of what is stored at least the last day stays, even where that alone is too much.
    """
    total = Pruned()
    for _ in range(_ROUNDS):
        if not is_there(store.path) or file_bytes(store.path) <= max_bytes:
            return total
        if stop.is_set:
            return replace(total, is_whole=False)
        with store.read() as reader:
            before_ns = _size_cut(reader, store.path, max_bytes)
        taken = Pruned()
        if before_ns is not None:
            taken = prune_by_age(store, before_ns, now_ns=now_ns, stop=stop, why="size")
            total += taken
        done = compact(store, stop=stop, least_share=0.0)
        total = replace(total, compacted=done)
        if not done.is_done or not taken.records:
            return total
    return total


def count_over_size(reader: Reader, path: Path, max_bytes: int) -> Pruned:
    """What size would take away, about: it is known only when the file was made anew."""
    before_ns = None if file_bytes(path) <= max_bytes else _size_cut(reader, path, max_bytes)
    return Pruned() if before_ns is None else count_old(reader, before_ns)


def _size_cut(reader: Reader, path: Path, max_bytes: int) -> int | None:
    """Before which time everything has to go, by the rows of each day; None where what is free suffices, or a day."""
    found = reader.frame("find_database_size").row(0, named=True)
    used = file_bytes(path) - found["free_bytes"]
    if used <= max_bytes:
        return None
    days = reader.frame("count_rows_by_day")
    surplus = days["held"].sum() * (1 - _ROOM * max_bytes / used)
    for day, so_far in list(zip(days["day"], days["held"].cum_sum(), strict=True))[:-_LEAST_DAYS]:
        if so_far >= surplus:
            return int(day + 1) * DAY_NS
    return int(days["day"][-_LEAST_DAYS]) * DAY_NS if days.height > _LEAST_DAYS else None
