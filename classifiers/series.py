"""Series: the course of a failure over the window, failed beside exposed by revision, in few columns to draw.

A column is a whole number of bins of the grid that the case was judged on, so that a plot shows what was counted. Some
time from before an onset is drawn too, where it is known: without it nothing can be seen to begin.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.findings import Attribution, Cluster, Latency, RevisionSeries, Series
from collector.replacing import replace
from collector.window import Window

__all__ = ["COLUMNS", "REVISIONS", "series_of", "with_series"]

COLUMNS = 96  # at most: of a day a quarter of an hour each
REVISIONS = 12  # told apart at most, the others are summed in a row without a name: no eye follows more
_Found = TypeVar("_Found", Cluster, Latency)

_BEFORE = 0.25  # of the window, that is drawn before an onset
_ALWAYS = 0.125  # ... before the window, where something is stored from then


def with_series(found: Iterable[_Found], cases: Sequence[Case], window: Window) -> tuple[_Found, ...]:
    """The findings, each with the course of its case; those without a case as they were."""
    known = {case.cluster_id: case for case in cases}
    return tuple(
        replace(one, series=series_of(known[one.id], window, one.attribution)) if one.id in known else one
        for one in found
    )


def series_of(case: Case, window: Window, blamed: Attribution | None = None) -> Series | None:
    """The course of one case; None where nothing was asked and nothing failed in that time.

    Revisions that the verdict speaks of are told apart before any other. What failed was exposed, although its line may
    lie in the bin after that of its request.
    """
    line = case.grid.timeline
    start_ns = _start_ns(case, window)
    first, end = (int(line.bin_of(np.array([at]))[0]) for at in (start_ns, window.end_ns - 1))
    bins = end + 1 - first
    wide = -(-bins // COLUMNS)
    columns = -(-bins // wide)
    revisions = np.array(case.revisions, dtype=object)
    table: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
    for name in sorted({*case.revisions, *case.grid.by_revision}):
        own = case.bins[revisions == name] - first
        failed = np.bincount(own[(own >= 0) & (own < bins)] // wide, minlength=columns).astype(np.int64)
        asked = case.grid.by_revision.get(name, np.zeros(line.bins))[first : end + 1]
        summed = np.add.reduceat(asked, np.arange(0, bins, wide))
        exposed: NDArray[np.int64] = np.maximum(np.rint(summed).astype(np.int64), failed)
        if exposed.any():
            table[name] = failed, exposed
    rows = _rows(case.service, table, _named(case.service, blamed))
    return Series(line.start_ns + first * line.bin_ns, wide * line.bin_ns, case.grid.unit, rows) if rows else None


def _named(service: str, blamed: Attribution | None) -> set[str]:
    """Revisions of this service that a verdict speaks of."""
    if blamed is None or blamed.service != service:
        return set()
    sighted = (one.revision for one in (blamed.last_good, blamed.first_seen_bad, blamed.last_seen_bad) if one)
    return {blamed.revision, *filter(None, (blamed.good_revision, *sighted))}


def _start_ns(case: Case, window: Window) -> int:
    """From when on it is drawn: at most one window before the window, and nothing from before what is known."""
    span = window.end_ns - window.start_ns
    wanted = min(window.start_ns - round(span * _ALWAYS), case.fit.earliest_ns - round(span * _BEFORE))
    known = max(case.grid.timeline.start_ns, case.grid.timeline.began_ns)
    return min(max(wanted, window.start_ns - span, known), window.end_ns - 1)


def _rows(
    service: str, table: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]], named: set[str]
) -> tuple[RevisionSeries, ...]:
    """In the order in which they were first asked; what is too much to be told apart comes last, summed."""
    least = [-int(failed.sum()) for failed, _ in table.values()]
    ranked = sorted(zip(table, least, strict=True), key=lambda one: (one[0] == "", one[0] not in named, one[1]))
    told = {name for name, _ in (ranked if len(ranked) <= REVISIONS else ranked[: REVISIONS - 1])} - {""}
    rows = [
        (int(np.argmax(exposed > 0)), RevisionSeries(service, name, tuple(failed.tolist()), tuple(exposed.tolist())))
        for name, (failed, exposed) in table.items()
        if name in told
    ]
    rest = [both for name, both in table.items() if name not in told]
    ordered = tuple(row for _, row in sorted(rows, key=lambda one: (one[0], one[1].revision)))
    if not rest:
        return ordered
    failed, exposed = (np.sum([both[at] for both in rest], axis=0).tolist() for at in (0, 1))
    return (*ordered, RevisionSeries(service, "", tuple(failed), tuple(exposed)))
