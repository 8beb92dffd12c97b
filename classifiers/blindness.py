"""Where logtriage was blind in a window: read from stored rows alone, each matter told once."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from msgspec import Struct

from classifiers.blind import Blindness, Sight
from classifiers.blind_self import (
    broken_times,
    dead_letters,
    failing_jobs,
    idle_times,
    refusing_channels,
    watched_troubles,
)
from classifiers.blind_sources import (
    late_sources,
    pulls_of,
    read_up_to,
    settled_at,
    silent_sources,
    unread_sources,
    without_gone,
)
from classifiers.exposure import Grid
from classifiers.history import History
from classifiers.itself import is_itself
from classifiers.rhythm import Rhythm
from collector.store import Reader
from collector.window import Window

__all__ = ["Watched", "find_sight", "open_spells", "read_watched"]

_DAY_NS = 86_400_000_000_000
_BACK_NS = 22 * _DAY_NS  # before the window: what the rhythm of three weeks is made of
_MIGRATION = "create_0010_watch"
# The worst first: what is nowhere seen, then what is not told to anybody, then what is only late or about to be.
_ORDER = (
    "stopped", "store", "permission", "quota", "source", "silence", "receiver", "job", "channel", "lag", "disk",
    "clock", "dead", "settings",
)  # fmt: skip


class Watched(Struct, frozen=True):
    """What the store holds of pulls, arrivals, jobs and looks before the end of a window: rows of its queries."""

    pulls: pl.DataFrame
    arrivals: pl.DataFrame
    cursors: pl.DataFrame
    jobs: pl.DataFrame
    idle: pl.DataFrame
    troubles: pl.DataFrame
    deliveries: pl.DataFrame
    steps: pl.DataFrame
    listening: tuple[str, ...]  # sources that are received
    last_work_ns: int | None


def read_watched(reader: Reader, window: Window) -> Watched | None:
    """The rows; None of a store that is older than them."""
    if _MIGRATION not in set(reader.frame("find_migrations")["name"]):
        return None
    span = {"since_ns": max(0, window.start_ns - _BACK_NS), "end_ns": window.end_ns}
    return Watched(
        pulls=reader.frame("find_pull_spells", **span),
        arrivals=reader.frame("count_arrivals", **span),
        cursors=reader.frame("find_cursors", end_ns=window.end_ns),
        jobs=reader.frame("find_job_spells", **span),
        idle=reader.frame("find_idle_times", **span),
        troubles=reader.frame("find_trouble_spells", end_ns=window.end_ns),
        deliveries=reader.frame("find_delivery_spells", **span),
        steps=reader.frame("find_clock_steps", **span),
        listening=tuple(reader.frame("find_listening", end_ns=window.end_ns)["source"]),
        last_work_ns=reader.frame("find_last_work", end_ns=window.end_ns)["at_ns"][0],
    )


def find_sight(watched: Watched | None, history: History, ledger: pl.DataFrame) -> Sight:
    """Every spell of the window: those that last first, the worst of them first. ledger: rows of count_ledger."""
    window = history.window
    settled = settled_at(watched.cursors) if watched is not None else {}
    until_ns = _complete_until(ledger, settled, window.end_ns)
    found = _watched(watched, settled, window) if watched is not None else []
    if not any(one.kind == "silence" for one in found):
        found += _silences(history, until_ns, found)
    return Sight(until_ns, tuple(sorted(found, key=_urgency)))


def open_spells(watched: Watched, window: Window) -> tuple[Blindness, ...]:
    """Spells that last at the end of a window, the worst first, as far as the looks of its own tell of them."""
    found = _watched(watched, settled_at(watched.cursors), window)
    return tuple(sorted((one for one in found if one.until_ns is None), key=_urgency))


def _urgency(one: Blindness) -> tuple[bool, int, int, str]:
    return one.until_ns is not None, _ORDER.index(one.kind), one.since_ns, one.subject


def _complete_until(ledger: pl.DataFrame, settled: Mapping[str, int], end_ns: int) -> int | None:
    """Up to when every source has been read: the earliest of the sources that tell; never past the window.

    A source was read up to the last that it gave, and where that was long ago up to what its cursor says: settled.
    """
    known = ledger.select("source", "max_received_at_ns").drop_nulls().rows()
    return min([end_ns, *(max(last_ns, settled.get(source, 0)) for source, last_ns in known)]) if known else None


def _watched(watched: Watched, settled: Mapping[str, int], window: Window) -> list[Blindness]:
    pulls = without_gone(pulls_of(watched.pulls))
    settled = {source: at_ns for source, at_ns in settled.items() if source in pulls}
    reached = {name: at for name, at in read_up_to(pulls, watched.arrivals, settled).items() if name in pulls}
    heard = dict.fromkeys(watched.listening, window.end_ns)
    idle = idle_times(watched.idle, watched.last_work_ns, window)
    unread = unread_sources(pulls, watched.troubles, reached, window)
    looked = watched_troubles(watched.troubles, watched.last_work_ns, window)
    is_stopped = any(one.until_ns is None for one in idle)
    late = [] if is_stopped else late_sources(pulls, watched.arrivals, settled, window.end_ns)
    explains = [*idle, *unread, *late, *(one for one in looked if one.kind in {"receiver", "store"})]
    silent = silent_sources(watched.arrivals, explains, reached | heard, window)
    channels = refusing_channels(watched.deliveries, window)
    told = {one.subject for one in channels}
    return [
        *idle, *unread, *late, *silent, *channels,
        *(one for one in looked if one.kind != "channel" or one.subject not in told),
        *failing_jobs(watched.jobs, window),
        *broken_times(watched.steps, watched.arrivals, window),
        *dead_letters(watched.arrivals, window),
    ]  # fmt: skip


def _silences(history: History, complete_until_ns: int | None, known: Sequence[Blindness]) -> list[Blindness]:
    """The longest time of the window in which nothing of any service is stored, where that is out of the ordinary."""
    exposure, window = history.exposure, history.window
    names = [name for name in exposure.services() if not is_itself(name[1])]
    grids = [grid(*name) for name in names for grid in (exposure.service, exposure.instance_minutes)]
    until_ns = min(window.end_ns, complete_until_ns or window.end_ns)
    rhythm = _rhythm_of(grids)
    if rhythm is None:
        return []
    judged = (rhythm.judge(begin, end) for begin, end in rhythm.silences(window.start_ns, until_ns))
    silences = [one for one in judged if one is not None and not _is_told(one.start_ns, one.end_ns, known)]
    if not silences:
        return []
    longest = max(silences, key=lambda one: one.end_ns - one.start_ns)
    is_open = longest.end_ns >= until_ns
    end_ns = None if is_open else longest.end_ns
    told = "nothing of any service is stored: nothing happened, or it was not collected"
    todo = "look whether the services run, and at what their logs are collected by" if is_open else ""
    return [
        Blindness("silence", "", longest.start_ns, end_ns, told, todo, is_news=longest.is_sure, is_lost=not is_open)
    ]


def _rhythm_of(grids: Sequence[Grid]) -> Rhythm | None:
    if not grids:
        return None
    line = grids[0].timeline
    total = np.sum([grid.total for grid in grids], axis=0)
    seen = np.flatnonzero(total > 0)
    if not len(seen):
        return None
    first = line.start_ns + seen * line.bin_ns
    return Rhythm.of(first, first + line.bin_ns - 1, total[seen])


def _is_told(start_ns: int, end_ns: int, known: Sequence[Blindness]) -> bool:
    return any(one.hides and one.overlaps(start_ns, end_ns) for one in known)
