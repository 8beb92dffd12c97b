"""Triggers: after which requests an event comes, so that a silence counts only where something was to be heard.

A trigger is learned from the requests after which the event came while it came at all: the routes, and the senders on
them, that it follows most often. Requests that failed are no trials: what is missing there failed with them.
"""

from collections.abc import Collection, Mapping, Sequence

import polars as pl
from msgspec import Struct

from classifiers.event_rows import EventRows

__all__ = ["Trigger", "find_triggers", "find_unheard", "heard_requests", "trigger_of", "well_heard"]

_LEAST = 8  # requests with the event, and without it
_SELDOM = 0.2  # of a route's requests: what comes after fewer has another cause
_NEAR_BEST = 0.7  # of the rate on the best route
_FAILED = 400
_ENOUGH = 0.3  # of the requests that no other one crossed, for them to stand for all
_NOBODY = ("health_checks", "scanners")
_SHOWN = 3
_LEAST_DUE_NS = 60_000_000_000
_MOST_DUE_NS = 900_000_000_000


class Trigger(Struct, frozen=True):
    """What an event comes after: `trials` are columns of TRIAL_SCHEMA and `events`, what else came after each.

    `is_near`: lines were joined to requests by time, not by trace. `is_above`: they are requests to a caller. `caller`:
    the service whose requests and revisions the trials are; "" the one that tells the event.
    """

    project: str
    service: str
    event: str
    routes: tuple[str, ...]
    trials: pl.DataFrame
    is_near: bool
    caller: str = ""
    is_above: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Project, service and event."""
        return self.project, self.service, self.event

    @property
    def name(self) -> str:
        """The routes, as one text."""
        more = len(self.routes) - _SHOWN
        return ", ".join(self.routes[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def find_triggers(rows: EventRows, failed: Collection[str]) -> list[Trigger]:
    """The trigger of every event that was missing after one, by project, service and event.

    `failed` are the keys of traces and requests in which anything failed.
    """
    return _triggers(heard_requests(rows, failed))


def find_unheard(
    rows: EventRows,
    failed: Collection[str],
    wrote_ns: Mapping[tuple[str, str], int],
    known: Collection[tuple[str, ...]],
) -> list[Trigger]:
    """The trigger of every event but the known that is missing after requests since the last line of its service.

    `wrote_ns`: by project and service when an entry of it last came, be it a request's: what it wrote until then has
    arrived. Whether such an event stopped, or the log of its service, the triggers do not tell.
    """
    parts = [rows.requests.clear()]
    for (project, service, _), asked in rows.requests.group_by("project", "service", "way", maintain_order=True):
        last_ns = rows.lines.filter((pl.col("project") == project) & (pl.col("service") == service))["last_ns"].max()
        until_ns = wrote_ns.get((str(project), str(service)), 0)
        if last_ns is not None and until_ns - int(last_ns) > _MOST_DUE_NS:  # type: ignore[arg-type]  # Int64
            parts.append(well_heard(asked, pl.DataFrame({"last_ns": [until_ns]}), failed))
    return [trigger for trigger in _triggers(pl.concat(parts)) if trigger.key not in known]


def _triggers(heard: pl.DataFrame) -> list[Trigger]:
    """The trigger of every event that was missing after one of these requests."""
    found = []
    for (project, service), trials in heard.group_by("project", "service", maintain_order=True):
        ways = [part for _, part in sorted(trials.partition_by("way", as_dict=True).items())]
        names = trials["events"].explode().drop_nulls().unique().sort().to_list()
        triggers = (_nearest(str(project), str(service), name, ways) for name in names)
        found += [trigger for trigger in triggers if trigger is not None]
    return found


def _nearest(project: str, service: str, event: str, ways: Sequence[pl.DataFrame]) -> Trigger | None:
    """The trigger by the nearest way on which the event comes at all: own requests first, then spans and events."""
    for trials in ways:
        others = trials.filter(pl.col("route") != event)
        if others["events"].list.contains(event).sum() >= _LEAST:
            return trigger_of(project, service, event, others)
    return None


def heard_requests(rows: EventRows, failed: Collection[str]) -> pl.DataFrame:
    """Requests that went well, and whose events must have arrived; rows of find_event_requests, with their way."""
    parts = [rows.requests.clear()]
    for (project, service, _), asked in rows.requests.group_by("project", "service", "way", maintain_order=True):
        lines = rows.lines.filter((pl.col("project") == project) & (pl.col("service") == service))
        parts.append(well_heard(asked, lines, failed))
    return pl.concat(parts)


def well_heard(asked: pl.DataFrame, lines: pl.DataFrame, failed: Collection[str]) -> pl.DataFrame:
    """Requests that went well, and whose events must have arrived: one of each trace and route."""
    due_ns = asked["due_ns"].quantile(0.99) or 0
    until_ns = (lines["last_ns"].max() or 0) - min(max(2 * int(due_ns), _LEAST_DUE_NS), _MOST_DUE_NS)  # type: ignore[operator]  # Int64
    return (
        asked.filter(
            pl.col("http_status").is_between(100, _FAILED - 1)
            & ~pl.col("origin").is_in(_NOBODY)
            & (pl.col("at_ns") <= until_ns)
            & ~pl.col("trace").is_in(pl.Series(sorted(failed), dtype=pl.String).implode())
        )
        .sort("at_ns", "route", "revision")
        .unique(["trace", "route"], keep="first", maintain_order=True)
    )


def trigger_of(project: str, service: str, event: str, trials: pl.DataFrame) -> Trigger | None:
    """The requests that the event follows; None where it is never missing, or follows none of them."""
    answer = pl.col("http_status") // 100  # who is sent elsewhere got nothing done
    came = trials.with_columns(answer=answer, is_bad=~pl.col("events").list.contains(event))
    present = came.filter(~pl.col("is_bad"))
    if present.height < _LEAST or came.height - present.height < _LEAST:
        return None
    first, last = present["at_ns"].min(), present["at_ns"].max()
    cells = (
        came.filter(pl.col("at_ns").is_between(first, last))
        .group_by("route", "origin", "answer")
        .agg(rate=1 - pl.col("is_bad").mean(), present=(~pl.col("is_bad")).sum())
        .filter((pl.col("present") >= _LEAST // 2) & (pl.col("rate") >= _SELDOM))
    )
    cells = cells.filter(pl.col("rate") >= _NEAR_BEST * pl.col("rate").max())
    places = ["route", "origin", "answer"]
    told = came.join(cells.select(places), on=places, how="semi", maintain_order="left")
    is_near = bool(told.filter(~pl.col("is_bad"))["is_near"].any())
    alone = told.filter(~pl.col("is_crossed"))
    if is_near and alone.height >= _ENOUGH * told.height:
        told = alone  # a line without a trace may be of either of two requests that were under way
    if told["is_bad"].sum() < _LEAST:
        return None
    return Trigger(project, service, event, tuple(sorted(set(cells["route"]))), told, is_near)
