"""Declared events: those that config.yaml says must come. Never sent while asked for, or not to be judged.

An event that is declared and was sent before is judged as every other; here is told what nothing can be learned from.
"""

import re
from collections.abc import Collection, Sequence
from typing import Literal

import polars as pl

from classifiers.config import ExpectedEvent
from classifiers.event_rows import EventRows
from classifiers.findings import Absence, EventCount, Evidence
from classifiers.history import History
from classifiers.missing import LEAST
from classifiers.triggers import heard_requests

__all__ = ["find_declared"]


def find_declared(
    rows: EventRows, history: History, expected: Sequence[ExpectedEvent], failed: Collection[str]
) -> tuple[Absence, ...]:
    """Declared events that were never sent though their trigger ran, and those whose trigger did not run."""
    heard = heard_requests(rows, failed).filter(pl.col("way") == 0)
    since_ns = history.window.start_ns
    told = [_absence(one, rows, heard.filter(pl.col("at_ns") >= since_ns), since_ns) for one in expected]
    return tuple(one for one in told if one is not None)


def _absence(expected: ExpectedEvent, rows: EventRows, heard: pl.DataFrame, since_ns: int) -> Absence | None:
    asked, revisions = _asked(expected, rows, heard, since_ns)
    is_own = (pl.col("service") == expected.service) & (pl.col("event") == expected.event)
    sent = int(rows.counts.filter(is_own)["events"].sum())
    trigger = f"{expected.trigger or 'a request'} of {expected.service}"
    if asked < LEAST:
        seen = f"was seen {asked:,} times only" if asked else "was not seen"
        return _told(expected, "unknown", None, f"{trigger} {seen} in this window", EventCount(asked, 0), ())
    if not sent:
        told = f"no revision ever sent it, and {trigger} came {asked:,} times in this window"
        return _told(expected, "never seen", None, told, EventCount(asked, 0), revisions)
    came = set(rows.fields.filter(is_own)["field"])
    lacking = [name for name in expected.fields if name not in came]
    if lacking and sent >= LEAST:
        told = f"none of {sent:,} ever had it"
        return _told(expected, "never seen", lacking[0], told, EventCount(sent, 0), ())
    return None


def _asked(expected: ExpectedEvent, rows: EventRows, heard: pl.DataFrame, since_ns: int) -> tuple[int, list[str]]:
    """How often the trigger ran in the window, and on which revisions."""
    own = heard.filter(pl.col("service") == expected.service)
    if expected.trigger and " " not in expected.trigger:
        first = (since_ns - rows.start_ns) // rows.step_ns
        ran = rows.counts.filter((pl.col("event") == expected.trigger) & (pl.col("step") >= first))
        return int(ran["events"].sum()), sorted(set(ran["revision"]))
    ran = own.filter(pl.col("route").str.contains(_pattern(expected.trigger))) if expected.trigger else own
    return ran.height * rows.sampled.get(expected.service, 1), sorted(set(ran["revision"]))


def _pattern(trigger: str) -> str:
    """`POST /orders/{id}` as a pattern of routes."""
    parts = re.split(r"\*|\{[^}]*\}", trigger)
    return "^" + "[^/]*".join(map(re.escape, parts)) + "/?$"


def _told(
    expected: ExpectedEvent, kind: Literal["never seen", "unknown"], field: str | None, statement: str,
    since: EventCount, revisions: Sequence[str],
) -> Absence:  # fmt: skip
    query = "find_event_requests" if kind == "never seen" else None
    fact = Evidence("measured" if query else "unknown", f"{statement}.", query, revisions=tuple(revisions))
    return Absence(
        event=expected.event,
        service=expected.service,
        field=field,
        attribution=None,
        kind=kind,
        trigger=expected.trigger,
        since=since,
        evidence=(fact,),
    )
