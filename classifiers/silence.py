"""Silence of a log: whether a service turned its log down, or all that it wrote ended at once with an event.

Of a service that says much else, an event that stops with the rest tells of the log. One that never wrote anything but
its events says the same when its log ends as when they stop: that is told as not known, not swallowed.
"""

from typing import Literal

import polars as pl

from classifiers.event_rows import EventRows
from classifiers.findings import Evidence
from classifiers.missing import LEAST, Sides
from classifiers.onset import Fit
from classifiers.triggers import Trigger
from collector.window import format_ns

__all__ = ["LINES_QUERY", "Silence", "find_silence", "silence_evidence"]

LINES_QUERY = "count_told_lines"
Silence = Literal["", "turned down", "mute"]  # mute: whether its log or its events ended is not known
_QUIET = 0.25  # of the lines of before: a service that says so little has turned its log down


def find_silence(trigger: Trigger, sides: Sides, rows: EventRows) -> Silence:
    """What became of all else that the service writes below WARNING since the event is missing; "" if it goes on."""
    keys = (pl.col("project") == trigger.project) & (pl.col("service") == trigger.service)
    events = rows.counts.filter(keys & (pl.col("source") == "log"))
    others = (
        rows.lines.filter(keys)
        .join(events.group_by("revision", "step").agg(pl.col("events").sum()), on=["revision", "step"], how="left")
        .with_columns(others=pl.col("lines") - pl.col("events").fill_null(0))
    )
    before, since = (_others(others, side, rows) for side in (sides.before, sides.since))
    if before * sides.since.height >= LEAST:
        return "turned down" if since < _QUIET * before else ""
    is_heard = since > 0 or sides.since["events"].list.len().sum() > 0 or _is_heard(others, sides, rows)
    return "" if is_heard else "mute"


def silence_evidence(trigger: Trigger, sides: Sides, fit: Fit) -> tuple[Evidence, ...]:
    """Why nothing sure can be said of the event of a mute service."""
    before, since = (set(side["revision"]) - {""} for side in (sides.before, sides.since))
    fresh = sorted(since - before)
    began = fresh[0] if len(fresh) == 1 and not since & before else format_ns(fit.at_ns, digits=0)
    told = (
        f"{trigger.service} writes no line of its own below WARNING since {began}: "
        "its log fell silent, or its events stopped."
    )
    return (Evidence("unknown", told, LINES_QUERY, revisions=tuple(sorted(since))),)


def _others(others: pl.DataFrame, side: pl.DataFrame, rows: EventRows) -> float:
    """Lines that are no events for each trial, in the steps and revisions of these trials."""
    steps = side.group_by("revision", step=(pl.col("at_ns") - rows.start_ns) // rows.step_ns).agg(trials=pl.len())
    told = int(steps.join(others, on=["revision", "step"], how="left")["others"].fill_null(0).sum())
    return max(0, told) / side.height if side.height else 0.0


def _is_heard(others: pl.DataFrame, sides: Sides, rows: EventRows) -> bool:
    """Whether a revision that misses the event wrote anything else: one that is new at all, another since then."""
    first = sides.since.group_by("revision").agg(first_ns=pl.col("at_ns").min())
    is_old = pl.col("revision").is_in(sides.before["revision"].unique().implode())
    step_ns = rows.start_ns + pl.col("step") * rows.step_ns
    is_since = ~is_old | (step_ns > pl.col("first_ns"))
    return others.join(first, on="revision").filter((pl.col("others") > 0) & is_since).height > 0
