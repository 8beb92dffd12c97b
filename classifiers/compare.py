"""What failed on one revision of a service and on another: new clusters, grown ones, and those that stopped.

Failures are counted beside what was exposed on the routes and origins that failed. Of n failures on both, those on the
second are binomial with its share of the exposure, if nothing changed (exact conditional test). Failures that come in
bursts count for as few as they are worth: counts are divided by how much more they vary over time than such failures
would. What is called new, grown or stopped holds for all clusters together: where nothing changed, not one of them is
wrong in 99 of 100 comparisons (Holm's method, two-sided).
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.exposure import Exposure, Grid
from collector.records import Revision

__all__ = ["ALPHA", "Compared", "Course", "Failing", "compare_cases", "holm", "surprise"]

ALPHA = 0.01  # of a comparison of any number of clusters: the chance of one wrong word in it, where nothing changed
_LEAST_RATIO = 1.5  # a rate that changed by less is told as alike, however sure the change is
_SLICES = 20  # of equal exposure, over which it is looked at how evenly failures come
_FEW_SLICES = 4  # below that, bursts cannot be told from a steady rate
_MOST_NEEDED = 1e7  # requests beyond this many are no advice

Course = Literal["new", "grown", "stopped", "less", "alike", "cannot tell"]
_RANK: dict[Course, int] = {"new": 0, "grown": 1, "cannot tell": 2, "less": 3, "stopped": 4, "alike": 5}


class Compared(Struct, frozen=True):
    """One cluster on two revisions, in its own unit. `p_value` is adjusted for all clusters that were compared.

    `ratio` is the rate after to the rate before, None where either is zero or not known. `needed` says of a course that
    cannot be told how much more of `unit` the revision `needed_on` would have to serve; None where that is no advice.
    `elsewhere` are other revisions of the service that failed of it in the same time.
    """

    cluster_id: str
    title: str
    unit: str
    failures_before: int
    exposed_before: int
    failures_after: int
    exposed_after: int
    ratio: float | None
    p_value: float
    course: Course
    needed: int | None = None
    needed_on: Literal["before", "after"] | None = None
    elsewhere: tuple[str, ...] = ()


class Failing(Struct, frozen=True):
    """What failed on two revisions of one service, new failures first, the largest effect first.

    `served_before` and `served_after` are what each served at all, in `unit`; `together` is the minutes in which both
    did.
    """

    clusters: tuple[Compared, ...]
    unit: str
    served_before: int
    served_after: int
    together: int


class _Side(Struct, frozen=True):
    """Failures and exposure of one revision; `spread` is how much more they vary over time than one rate explains."""

    failures: int
    exposed: float
    spread: float = 1.0


def compare_cases(cases: Sequence[Case], exposure: Exposure, before: Revision, after: Revision) -> Failing:
    """The cases of the service of both revisions compared; other services' cases are left out."""
    key = (before.project, before.service)
    own = [case for case in cases if (case.project, case.service) == key]
    pairs = [(case, _side(case, before.revision), _side(case, after.revision)) for case in own]
    pairs = [(case, old, new) for case, old, new in pairs if old.failures or new.failures]
    surprises = [_surprise(old, new) for _, old, new in pairs]
    names = (before.revision, after.revision)
    told = [
        _compared(case, (old, new), p_value, len(pairs), names)
        for (case, old, new), p_value in zip(pairs, holm(surprises), strict=True)
    ]
    grid = exposure.service(*key)
    return Failing(
        clusters=tuple(sorted(told, key=_order)),
        unit=grid.unit,
        served_before=round(_total(grid, before.revision)),
        served_after=round(_total(grid, after.revision)),
        together=_together(grid, before.revision, after.revision),
    )


def surprise(before: tuple[int, float], after: tuple[int, float]) -> float:
    """Two-sided p-value of failures and exposure on two sides having one rate; 1 where either was not exposed."""
    (failed_a, exposed_a), (failed_b, exposed_b) = before, after
    if exposed_a <= 0 or exposed_b <= 0 or not failed_a + failed_b:
        return 1.0
    share = exposed_b / (exposed_a + exposed_b)
    many = failed_a + failed_b
    counts = np.arange(many + 1)
    ways = np.concatenate([[0.0], np.cumsum(np.log((many - counts[1:] + 1) / counts[1:]))])  # log of n over k
    chances = np.exp(ways + counts * math.log(share) + (many - counts) * math.log1p(-share))
    return min(1.0, 2 * float(min(chances[failed_b:].sum(), chances[: failed_b + 1].sum())))


def _surprise(old: _Side, new: _Side) -> float:
    """Bursts of either side are taken to be possible on both."""
    return surprise(*((_worth(side, old, new), side.exposed) for side in (old, new)))


def _worth(side: _Side, *both: _Side) -> int:
    """How many failures these are worth once bursts count for one each."""
    spread = max(one.spread for one in both)
    return max(1, math.floor(side.failures / spread)) if side.failures else 0


def holm(values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: each holds for all of them together."""
    adjusted = [1.0] * len(values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=lambda at: values[at])):
        highest = max(highest, min(1.0, values[place] * (len(values) - rank)))
        adjusted[place] = highest
    return adjusted


def _side(case: Case, revision: str) -> _Side:
    bins = case.bins[np.array([name == revision for name in case.revisions], dtype=bool)]
    exposed = case.held.by_revision.get(revision)
    if exposed is None:
        return _Side(len(bins), 0.0)
    return _Side(len(bins), float(exposed.sum()), _spread(bins, exposed))


def _spread(bins: NDArray[np.int64], exposed: NDArray[np.float64]) -> float:
    """Variance over mean of the failures in slices of equal exposure; at least 1, and 1 where there are few slices."""
    failed = np.bincount(bins, minlength=len(exposed)).astype(float)
    is_open = exposed > 0
    if is_open.sum() < _FEW_SLICES or len(bins) < 2:  # noqa: PLR2004 - one failure is no burst
        return 1.0
    clock = np.cumsum(exposed[is_open])
    slices = np.minimum((clock - exposed[is_open] / 2) * _SLICES // clock[-1], _SLICES - 1).astype(int)
    shares = np.bincount(slices, weights=exposed[is_open], minlength=_SLICES)
    counts = np.bincount(slices, weights=failed[is_open], minlength=_SLICES)
    known = shares > 0
    if known.sum() < _FEW_SLICES:
        return 1.0
    expected = counts.sum() * shares[known] / shares[known].sum()
    return max(
        1.0, float(((counts[known] - expected) ** 2 / np.maximum(expected, 1e-9)).sum()) / (int(known.sum()) - 1)
    )


def _compared(case: Case, sides: tuple[_Side, _Side], p_value: float, looks: int, compared: Sequence[str]) -> Compared:
    old, new = sides
    rates = [side.failures / side.exposed if side.exposed > 0 else None for side in (old, new)]
    ratio = rates[1] / rates[0] if rates[0] and rates[1] else None
    course = _course(old, new, ratio, p_value)
    needed, needed_on = _needed(old, new, looks) if course == "cannot tell" else (None, None)
    names = {name for name in case.revisions if name}
    return Compared(
        cluster_id=case.cluster_id,
        title=case.title,
        unit=case.grid.unit,
        failures_before=old.failures,
        exposed_before=round(old.exposed),
        failures_after=new.failures,
        exposed_after=round(new.exposed),
        ratio=None if ratio is None else round(ratio, 4),
        p_value=p_value,
        course=course,
        needed=needed,
        needed_on=needed_on,
        elsewhere=tuple(sorted(names - set(compared))),
    )


def _course(old: _Side, new: _Side, ratio: float | None, p_value: float) -> Course:
    if old.exposed <= 0 or new.exposed <= 0:
        return "cannot tell"
    is_sure = p_value <= ALPHA
    if not old.failures or not new.failures:
        if not is_sure:
            return "cannot tell"
        return "stopped" if old.failures else "new"
    if is_sure and ratio is not None and (ratio >= _LEAST_RATIO or ratio <= 1 / _LEAST_RATIO):
        return "grown" if ratio > 1 else "less"
    return "alike"


def _needed(old: _Side, new: _Side, looks: int) -> tuple[int | None, Literal["before", "after"] | None]:
    """How much more the side without failures must serve without one until the course can be told."""
    on: Literal["before", "after"] = "after" if old.failures else "before"
    failed, clean = (old, new) if old.failures else (new, old)
    if failed.exposed <= 0 or (old.failures and new.failures):
        return None, on
    wanted = failed.exposed * ((ALPHA / (2 * looks)) ** (-1 / _worth(failed, old, new)) - 1)
    left = math.ceil(wanted - clean.exposed)
    return (left if 0 < left <= _MOST_NEEDED else None), on


def _order(one: Compared) -> tuple[int, float, str]:
    """Courses in order; of each the largest effect first, where a rate from zero counts from half a failure."""
    before = max(one.failures_before, 0.5) / max(one.exposed_before, 1)
    after = max(one.failures_after, 0.5) / max(one.exposed_after, 1)
    return _RANK[one.course], -abs(math.log(after / before)), one.cluster_id


def _total(grid: Grid, revision: str) -> float:
    own = grid.by_revision.get(revision)
    return 0.0 if own is None else float(own.sum())


def _together(grid: Grid, before: str, after: str) -> int:
    """Minutes in which both revisions served, as finely as the timeline tells."""
    old, new = grid.by_revision.get(before), grid.by_revision.get(after)
    if old is None or new is None:
        return 0
    return int(((old > 0) & (new > 0)).sum()) * grid.timeline.bin_minutes
