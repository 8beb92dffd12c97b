"""Back: what failed again after it was over, told by the ledger and not by the clock. No I/O.

Failures on revisions that lost their traffic when it was mended are stragglers. Any other is a return: by traffic that
was given back, by a revision deployed since, after a change that is no deploy; or with nothing changed, and then it was
never mended.
"""

import polars as pl
from msgspec import Struct

from classifiers.followed import IncidentState
from classifiers.history import History
from classifiers.lifecycle.fixes import failures_since
from classifiers.lifecycle.members import Seen
from classifiers.lifecycle.withdrawn import Line, began_ns
from classifiers.service_names import plain_name
from collector.window import format_ns

__all__ = ["Back", "came_back", "day_clock", "short_name"]

_AT_ONCE_NS = 120_000_000_000


class Back(Struct, frozen=True):
    """Since it was over: the first failure that is no straggler, or None; what brought it; how many were stragglers."""

    at_ns: int | None
    last_ns: int | None
    revision: str
    statement: str
    stragglers: int


def came_back(seen: Seen, over: IncidentState, history: History) -> Back:
    """What failed of a member since the row that told it over."""
    if seen.case is None:
        is_back = seen.last_ns > over.last_failure_ns and not seen.is_over
        at_ns = max(seen.onset_ns, over.last_failure_ns + 1) if is_back else None
        return Back(at_ns, seen.last_ns if is_back else None, "", "it is back" if is_back else "", 0)
    rows = failures_since(seen.case, history, max(over.last_failure_ns, over.at_ns))  # what ended it is of before
    line = Line.of(history, seen.project, seen.service)
    left = [
        bool(over.revision) and revision != over.revision and line.is_left(revision, over.at_ns, at_ns)
        for revision, at_ns in rows.select("revision", "at_ns").iter_rows()
    ]
    is_left = pl.Series(left, dtype=pl.Boolean)
    many = int(rows.filter(is_left)["failures"].sum())
    real = rows.filter(~is_left)
    if real.is_empty():
        return Back(None, None, "", "", many)
    revision, at_ns = real.row(0)[:2]
    by, told = _brought(revision, at_ns, seen, over, history)
    return Back(at_ns, int(real.row(-1)[1]), by, told, many)


def _brought(revision: str, at_ns: int, seen: Seen, over: IncidentState, history: History) -> tuple[str, str]:
    """The revision that brought a failure back, and how, in one sentence."""
    mender = next((one for one in history.revisions if one.revision == over.revision), None)
    is_elsewhere = mender is not None and mender.service != seen.service and mender.project == seen.project
    line = Line.of(history, seen.project, mender.service if mender and is_elsewhere else seen.service)
    one = line.served_at(at_ns, ()) if is_elsewhere else line.find(revision)
    if one is not None and one.revision != over.revision:
        name, began = short_name(one.revision, one.service), began_ns(one)
        again = line.given_back_ns(one, over.at_ns)
        if again is not None and again <= at_ns + _AT_ONCE_NS and (began or 0) <= over.at_ns:
            return one.revision, f"traffic was given back to {name} at {day_clock(again)}, and it fails there again"
        if began is not None and began > over.at_ns:
            return one.revision, f"{name}, deployed since, brought it back"
    changed = [
        change
        for change in history.changes
        if change.project in {seen.project, ""}
        and (not change.service or change.service == seen.service)
        and over.at_ns < change.at_ns <= at_ns + _AT_ONCE_NS
        and change.outcome != "failed"
    ]
    if changed:
        return revision, f"it is back after a {changed[-1].what}"
    if over.revision and revision == over.revision:
        name = short_name(revision, seen.service)
        return revision, f"it fails on {name} too, which was to have mended it: it was never mended"
    return revision, "it is back and nothing was changed in between: it was never mended, the silence was chance"


def short_name(revision: str, service: str) -> str:
    """The revision without the name of its service."""
    return revision.removeprefix(f"{plain_name(service)}-")


def day_clock(at_ns: int) -> str:
    """`09-14 20:33`, in UTC."""
    return format_ns(at_ns)[5:16].replace("T", " ")
