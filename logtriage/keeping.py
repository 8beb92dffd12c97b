"""Keeps the store small, as section `retention` says: for `logtriage prune` and the daemon's job of that name."""

from msgspec import Struct

from collector.compaction import Compacted, compact, file_bytes
from collector.place import is_there
from collector.replacing import replace
from collector.retention import (
    DAY_NS,
    Pruned,
    aged_before_ns,
    count_old,
    count_over_size,
    prune_by_age,
    prune_by_size,
)
from collector.stopping import Stop
from collector.store import Store
from collector.window import format_ns
from logtriage.config import Config
from logtriage.jobs import Done
from logtriage.wording import plural

__all__ = ["Kept", "counted_from_ns", "keep", "preview", "pruned_words", "retain", "short_history_words", "size_words"]


class Kept(Struct, frozen=True):
    """What became of the store: taken by age, taken by size, and its file made anew; sizes in bytes."""

    aged: Pruned
    oversize: Pruned
    compacted: Compacted | None
    before_bytes: int
    after_bytes: int

    @property
    def is_whole(self) -> bool:
        """Whether all that was due was done."""
        return self.aged.is_whole and self.oversize.is_whole

    @property
    def taken(self) -> Pruned:
        """By age and by size together."""
        return self.aged + self.oversize


def keep(config: Config, *, before_ns: int | None, now_ns: int, stop: Stop) -> Kept:
    """Takes away what is older than `before_ns` (without it, than retention.days) and what does not fit.

    The file is made anew where enough of it is free. A wish to stop is heard between days and during the copy.
    """
    store = Store(config.store)
    before_bytes = file_bytes(store.path)
    limit = _limit_ns(config, before_ns, now_ns)
    aged = prune_by_age(store, limit, now_ns=now_ns, stop=stop)
    oversize = Pruned(is_whole=aged.is_whole)
    if config.retention.max_bytes is not None and aged.is_whole:
        oversize = prune_by_size(store, config.retention.max_bytes, now_ns=now_ns, stop=stop)
    compacted = oversize.compacted
    if compacted is None and aged.is_whole and is_there(store.path):
        compacted = compact(store, stop=stop)
    return Kept(aged, oversize, compacted, before_bytes, file_bytes(store.path))


def preview(config: Config, *, before_ns: int | None, now_ns: int) -> Kept:
    """What `keep` would do, by the rows of now; changes nothing. Of size it is known about only."""
    store = Store(config.store)
    size = file_bytes(store.path)
    limit = _limit_ns(config, before_ns, now_ns)
    with store.read() as reader:
        aged = count_old(reader, limit)
        oversize = Pruned()
        if config.retention.max_bytes is not None:
            every = count_over_size(reader, store.path, config.retention.max_bytes)
            oversize = every if every.records > aged.records else Pruned()
    return Kept(Pruned() if oversize.records else aged, oversize, None, size, size)


def retain(config: Config, stop: Stop, *, now_ns: int) -> Done:
    """The daemon's job: what `logtriage prune` does, in one line for the log."""
    kept = keep(config, before_ns=None, now_ns=now_ns, stop=stop)
    taken = kept.taken
    line = pruned_words(taken) if taken.records else "nothing is older than what is kept"
    failed = (too_large,) if (too_large := _too_large(config, kept)) else ()
    figures = {"pruned": taken.records, "store_bytes": kept.after_bytes}
    return Done(
        line=f"{line}; {size_words(kept)}",
        failed=failed,
        figures=figures,
        has_more=not kept.is_whole and not stop.is_set,
    )


def _limit_ns(config: Config, before_ns: int | None, now_ns: int) -> int:
    if before_ns is not None:
        return before_ns
    return aged_before_ns(config.retention.days, now_ns=counted_from_ns(config, now_ns=now_ns))


def counted_from_ns(config: Config, *, now_ns: int) -> int:
    """From when ages count back: now, or a day after the newest record where the clock is further ahead than that.

    A clock that is set wrong for one night must not take everything away. Where nothing is stored there is nothing to
    take.
    """
    store = Store(config.store)
    if not is_there(store.path):
        return now_ns
    with store.read() as reader:
        newest_ns = reader.frame("find_newest_arrival")["newest_ns"][0]
    return now_ns if newest_ns is None else min(now_ns, newest_ns + DAY_NS)


def pruned_words(taken: Pruned) -> str:
    """`1,200 entries, 30 spans from before 2026-10-01`: what was taken away, or would be."""
    counts = (
        (taken.entries, "entry", "entries"), (taken.spans, "span", "spans"),
        (taken.tests, "test case", "test cases"), (taken.dead, "dead letter", "dead letters"),
    )  # fmt: skip
    told = ", ".join(plural(count, one, many) for count, one, many in counts if count)
    if not told or taken.before_ns is None:
        return "nothing"
    return f"{told} from before {format_ns(taken.before_ns, digits=0)}"


def size_words(kept: Kept) -> str:
    """The size of the file now, and before where it was another."""
    before, after = (f"{size / 2**20:,.1f} MiB" for size in (kept.before_bytes, kept.after_bytes))
    return f"the file has {after}" if before == after else f"the file has {after}, it had {before}"


def short_history_words(config: Config) -> str:
    """What retention costs the analysis; "" where it keeps enough for a report with its baseline."""
    needed = config.history.baseline_days + config.report.window_hours / 24
    if config.retention.days >= needed:
        return ""
    return (
        f"retention.days is {config.retention.days:g}, and a report with its baseline looks back {needed:g} days: old "
        f"failures will be taken for new ones. Keep {needed:g} days, or lower history.baseline_days."
    )


def _too_large(config: Config, kept: Kept) -> str:
    """A sentence where the file is larger than allowed all the same."""
    most = config.retention.max_bytes
    if most is None or kept.after_bytes <= most or not kept.is_whole:
        return ""
    why = kept.compacted.why_not if kept.compacted is not None and not kept.compacted.is_done else ""
    why = why or "The last day alone is more."
    size = size_words(replace(kept, before_bytes=kept.after_bytes))
    return f"the file is larger than retention.max_size_gib allows: {size}. {why}"
