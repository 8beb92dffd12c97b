"""What the explanations that are no revision share: when a change shows, how weights add up, counts in words."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.exposure import Timeline
from classifiers.findings import Evidence, RevisionCount
from classifiers.rivals import Split

__all__ = ["as_rate", "bad_words", "delays", "failed_of", "revision_counts", "summed", "unit_for", "unit_of"]

_MOST_DELAYS = 6.0  # mean delays after which a change that did not show yet is none


def delays(timeline: Timeline, since_ns: int, until_ns: int, mean_minutes: float) -> NDArray[np.float64]:
    """Log of how likely a change at an instant is to show first in each bin up to another one: soon or never."""
    since, until = timeline.bin_of(np.array([since_ns, until_ns]))
    last = max(int(until), int(since)) + 1
    passed = (np.arange(last) - since) * timeline.bin_minutes / mean_minutes
    chance = np.where((passed >= 0) & (passed <= _MOST_DELAYS), np.exp(-np.maximum(passed, 0.0)), 0.0)
    whole = float(chance.sum())
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = np.log(chance / whole)
    return found


def summed(logs: Sequence[float]) -> float:
    """Log of the sum of what these are logs of."""
    top = max(logs)
    return top + math.log(sum(math.exp(one - top) for one in logs)) if math.isfinite(top) else top


def unit_of(case: Case) -> str:
    """What the exposure of a case is counted in: all figures of a cluster speak of it."""
    return {"requests": "requests", "traces": "traces", "minutes": "instance minutes", "entries": "entries"}[
        case.grid.unit
    ]


def unit_for(number: float, unit: str) -> str:
    """A unit as unit_of gives it, in the singular for one."""
    return {"entries": "entry"}.get(unit, unit.removesuffix("s")) if round(number) == 1 else unit


# What became of a bad unit and what such are called, by the kind of case; of any other they failed.
_BAD_WORDS = {"slow": ("were slow", "slow ones")}


def bad_words(case: Case) -> tuple[str, str]:
    """What became of the bad units of a case and what they are called: `failed` and `failures`, of trials their own."""
    return _BAD_WORDS.get(case.kind, ("failed", "failures"))


def failed_of(failures: int, exposed: float, case: Case) -> str:
    """Failures beside what was exposed; where less is known to have been exposed, that is said and no share told."""
    if failures > round(exposed):
        return f"{failures} {bad_words(case)[1]}, while only {exposed:.0f} {unit_of(case)} are known"
    return f"{failures} of {exposed:.0f} {unit_of(case)} {bad_words(case)[0]}"


def as_rate(case: Case, split: Split, bad: str, good: str, query: str = "count_exposure") -> Evidence:
    """Failures beside exposure on both sides of an explanation."""
    unit = unit_of(case)
    told = (
        f"{bad}: {split.failures_bad} of {split.exposed_bad:.0f} {unit} {bad_words(case)[0]}; "
        f"{good}: {split.failures_good} of {split.exposed_good:.0f}"
    )
    return Evidence("measured", told, query, (), case.traces_known(case.fit.index)[:5])


def revision_counts(case: Case) -> tuple[RevisionCount, ...]:
    """Failures beside exposure, by the time a revision first failed; revisions that did not fail follow by name."""
    times = case.times_ns.tolist()
    failed, last = Counter(case.revisions), dict(zip(case.revisions, times, strict=True))
    first = dict(zip(reversed(case.revisions), reversed(times), strict=True))
    rows = []
    for name in sorted({*failed, *case.grid.by_revision}):
        exposed = case.grid.by_revision.get(name)
        rows.append(
            RevisionCount(
                service=case.service,
                revision=name,
                failures=failed[name],
                exposed=None if exposed is None else max(round(float(exposed.sum())), 0),
                first_ns=first.get(name),
                last_ns=last.get(name),
            )
        )
    return tuple(sorted(rows, key=lambda one: (one.first_ns is None, one.first_ns or 0, one.revision)))
