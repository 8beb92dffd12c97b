"""Attempts of a failing call since a moment: how many, how many failed, on which revisions, and when more will come.

Counted is what fits what failed: its routes and those who ask them (law 3: requests, else traces, else minutes of
instances). What failed on revisions that a fix left behind is a straggler and decides nothing.
"""

from collections import Counter
from collections.abc import Collection

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.exposure import Exposure, Grid
from classifiers.followed import Fix
from classifiers.history import History
from classifiers.lifecycle.fixes import given_back, stragglers
from classifiers.verification.silence_proof import Seen
from collector.replacing import replace

__all__ = ["Attempts", "about_ns", "count_attempts", "passed"]

_AT_ONCE_NS = 120_000_000_000  # what was under way when another service changed still fails
_HOUR_NS = 3_600_000_000_000
_DAY_H = 24
_MOST_DAYS = 60
_MOSTLY = 0.2  # of the failures, for a route to be one that must have been asked
_FEW = 8  # failures since the onset, of which the ones before must tell how they come


class Attempts(Struct, frozen=True):
    """Attempts since `since_ns` on the revisions that serve since, and failures until then on two clocks.

    `unasked`: routes that failed and were not asked since. `asked` and `told` are the clocks of attempts and of time.
    """

    since_ns: int
    attempts: int
    failures: int
    first_ns: int | None
    last_ns: int | None  # failures since
    stragglers: int
    unasked: tuple[str, ...]
    asked: Seen
    told: Seen
    live: Grid
    until: int  # failures until the moment
    of: int  # ... of so many attempts since the first of them


def count_attempts(case: Case, fix: Fix | None, history: History) -> Attempts:
    """The attempts since a fix; without one since the last failure."""
    times = case.times_ns
    fixed_ns = fix.at_ns if fix else int(times[-1])
    moment_ns = _moment(case, fix) if fix else fixed_ns
    fix = _drained(fix, case, history)
    first = case.fit.index if case.fit.is_change and len(times) - case.fit.index >= _FEW else 0
    older = frozenset(fix.older) if fix and fix.service == case.service else frozenset[str]()
    is_late = _late(case, fix, older, history)
    is_past = ~is_late & (times <= moment_ns)
    is_past[:first] = False
    past, late = times[is_past], times[is_late]
    since_ns = fix.at_ns if fix else int(times[-1])
    end_ns = max(history.end_ns, since_ns)
    live = _without(case.held, older)
    failing = _failing(case, is_past)
    at = failing.clock(past) if past.size else np.array([])
    last = int(past[-1]) if past.size else since_ns
    many = passed(live, since_ns, end_ns)
    spared = stragglers(case, fix, history)[0] if fix else 0
    spared += int((~is_late & (times > moment_ns)).sum()) if fix and not older else 0
    return Attempts(
        since_ns=since_ns,
        attempts=max(int(many), late.size if case.is_counted else 0),
        failures=int(late.size),
        first_ns=int(late[0]) if late.size else None,
        last_ns=int(late[-1]) if late.size else None,
        stragglers=spared,
        unasked=_unasked(case, older, history.exposure, since_ns, end_ns),
        asked=Seen(at, _before(at, first), passed(failing, last, max(fixed_ns, last)), many),
        told=Seen(past.astype(np.float64), 0.0, float(max(fixed_ns - last, 0)), float(end_ns - since_ns)),
        live=live,
        until=int(past.size),
        of=max(round(float(at[-1] - at[0])) + 1, int(past.size)) if past.size else 0,
    )


def _drained(fix: Fix | None, case: Case, history: History) -> Fix | None:
    """A fix of another service counts from when that asked nothing more of what it leaves behind."""
    if fix is None or fix.service == case.service or not fix.older:
        return fix
    asked = history.exposure.service(case.project, fix.service)
    old = [asked.by_revision[name] for name in fix.older if name in asked.by_revision]
    served = np.flatnonzero(np.sum(old, axis=0)) if old else np.array([])
    if not served.size:
        return fix
    line = asked.timeline
    ended_ns = min(line.start_ns + (int(served[-1]) + 1) * line.bin_ns, line.end_ns)
    return replace(fix, at_ns=max(fix.at_ns, ended_ns))


def passed(grid: Grid, start_ns: int, end_ns: int) -> float:
    """What was asked between two instants."""
    if end_ns <= start_ns:
        return 0.0
    marks = grid.clock(np.array([start_ns, end_ns], dtype=np.int64))
    found = float(marks[1] - marks[0])
    return found if found >= 0.5 else 0.0  # noqa: PLR2004 - less than one, within the minute that both lie in


def about_ns(more: float, asked: NDArray[np.float64], grid: Grid) -> int | None:
    """How long so many more take at today's traffic by hour of day; None where that is not within two months.

    asked: of all revisions, by bin of the grid.
    """
    if more <= 0:
        return 0
    line = grid.timeline
    per_hour = _today(asked, grid)
    left, at_ns = more, line.end_ns
    for _ in range(_MOST_DAYS * _DAY_H):
        until_ns = (at_ns // _HOUR_NS + 1) * _HOUR_NS
        due = per_hour[at_ns // _HOUR_NS % _DAY_H] * (until_ns - at_ns) / _HOUR_NS
        if due >= left:
            return at_ns - line.end_ns + round((until_ns - at_ns) * left / due)
        left, at_ns = left - due, until_ns
    return None


def _today(asked: NDArray[np.float64], grid: Grid) -> list[float]:
    """What is asked in each hour of the day, by the last day; of hours that it does not know, the mean of others."""
    line = grid.timeline
    starts = line.start_ns + np.arange(line.bins) * line.bin_ns
    is_known = (starts >= line.end_ns - _DAY_H * _HOUR_NS) & (starts + line.bin_ns > line.began_ns)
    if not is_known.any():
        return [0.0] * _DAY_H
    hours = starts[is_known] // _HOUR_NS % _DAY_H
    many = np.bincount(hours, asked[is_known], _DAY_H)
    lengths = np.bincount(hours, minlength=_DAY_H) * line.bin_ns / _HOUR_NS
    mean = float(many.sum() / lengths.sum())
    return [float(one / long) if long > 0 else mean for one, long in zip(many, lengths, strict=True)]


def _moment(case: Case, fix: Fix) -> int:
    """Until when a failure is of before: what was under way when another service changed still fails."""
    return fix.at_ns if fix.service == case.service and fix.older else fix.at_ns + _AT_ONCE_NS


def _late(case: Case, fix: Fix | None, older: Collection[str], history: History) -> NDArray[np.bool_]:
    """Failures that count against a fix."""
    if fix is None:
        return np.zeros(len(case.times_ns), dtype=np.bool_)
    names = np.array(case.revisions, dtype=object)
    found: NDArray[np.bool_] = case.times_ns > fix.at_ns
    if not older:
        return found & (case.times_ns > fix.at_ns + _AT_ONCE_NS)
    again = given_back(fix, case.project, history)
    is_older = np.isin(names, list(older))
    for name, at_ns in again.items():
        is_older &= ~((names == name) & (case.times_ns >= at_ns))
    is_unnamed = (names == "") & (case.times_ns <= fix.at_ns + _AT_ONCE_NS)
    found &= ~is_older & ~is_unnamed
    return found


def _without(grid: Grid, older: Collection[str]) -> Grid:
    if not older:
        return grid
    return Grid(grid.timeline, grid.unit, {name: own for name, own in grid.by_revision.items() if name not in older})


def _failing(case: Case, is_past: NDArray[np.bool_]) -> Grid:
    """The exposure of the revisions that failed; of all where one of them is not known."""
    names = {name for name, is_one in zip(case.revisions, is_past.tolist(), strict=True) if is_one}
    held = case.held
    own = {name: many for name, many in held.by_revision.items() if name in names}
    return Grid(held.timeline, held.unit, own) if own and "" not in names else held


def _before(at: NDArray[np.float64], first: int) -> float:
    """What had passed without a failure before the first one, where it is known of all before it that none was one."""
    return float(at[0]) if at.size and not first else 0.0


def _unasked(case: Case, older: Collection[str], exposure: Exposure, since_ns: int, end_ns: int) -> tuple[str, ...]:
    """Routes on which much of it failed, that nobody asked since; one alone is counted already."""
    many = Counter(route for route in case.unit_routes if route)
    main = sorted(route for route, failed in many.items() if failed >= _MOSTLY * len(case.unit_routes))
    if len(main) < 2 or case.grid.unit not in {"requests", "traces"}:  # noqa: PLR2004 - see above
        return ()
    grids = ((route, _without(exposure.matched(case.project, case.service, routes=[route]), older)) for route in main)
    return tuple(route for route, grid in grids if passed(grid, since_ns, end_ns) == 0)
