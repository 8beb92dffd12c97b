"""Triggers one service up: requests to others after which a service's events come, nearest caller first.

A worker is silent because it lost its events, or because nobody calls or publishes any more. The second shows only at
the caller: its request goes on, and nothing comes of it. So every such request is a trial twice: of the revision of the
caller that took it, and of the revision of the worker that was busiest then.
"""

from collections.abc import Collection, Iterator

import polars as pl
from msgspec import Struct

from classifiers.event_rows import EventRows
from classifiers.triggers import Trigger, trigger_of, well_heard
from collector.replacing import replace

__all__ = ["Upstream", "find_upstream"]


class Upstream(Struct, frozen=True):
    """One caller of an event: the same trials by its own revisions, and by those of the service that tells it."""

    by_caller: Trigger
    by_teller: Trigger


def find_upstream(
    rows: EventRows, failed: Collection[str], known: Collection[tuple[str, str, str]]
) -> Iterator[list[Upstream]]:
    """Of each event but the known ones (project, service, event): its callers, the nearest first."""
    for (project, teller), asked in rows.upstream.group_by("project", "teller", maintain_order=True):
        names = asked["events"].explode().drop_nulls().unique().sort().to_list()
        for event in names:
            key = (str(project), str(teller), str(event))
            if key in known:
                continue
            callers = [one for one in _callers(asked, key, failed) if one]
            if callers:
                yield callers


def _callers(asked: pl.DataFrame, key: tuple[str, str, str], failed: Collection[str]) -> Iterator[Upstream | None]:
    """What each caller was asked, from the one whose requests are the nearest before the event."""
    came = asked.filter(pl.col("events").list.contains(key[2]))
    nearest = came.group_by("service").agg(pl.col("due_ns").median()).sort("due_ns", "service")
    for caller in nearest["service"]:
        yield _upstream(asked.filter(pl.col("service") == caller), key, str(caller), failed)


def _upstream(own: pl.DataFrame, key: tuple[str, str, str], caller: str, failed: Collection[str]) -> Upstream | None:
    project, teller, event = key
    named = own.with_columns(route=caller + " " + pl.col("route"), is_crossed=pl.lit(value=False))
    found = trigger_of(project, teller, event, well_heard(named, own.select(last_ns="at_ns"), failed))
    if found is None:
        return None
    found = replace(found, is_above=True)
    theirs = found.trials.with_columns(revision="taker").filter(pl.col("revision") != "")
    return Upstream(replace(found, caller=caller), replace(found, trials=theirs))
