"""Failures of the baseline that fell or ended within the window, each with what failed of how much before and now.

A zero counts only where enough was exposed: so many failures would have come at the old rate that their absence is no
chance (rule of three, tempered by their bursts), and before the window too little had passed to have said so then.
Requests and traces are counted, minutes are not: of a service that nobody asks nothing got better.
"""

import math
from collections.abc import Iterable

import numpy as np

from classifiers.cases import Case
from classifiers.config import OnsetConfig
from classifiers.explained import Improved
from classifiers.origin import origin_of_share
from classifiers.problems import is_failure

__all__ = ["find_improved"]

_LEAST_UNITS = 4  # failures from which a rate is known
_FELL = 0.5  # of the rate before, from which on it is told


def find_improved(
    cases: Iterable[Case], told: frozenset[str], *, start_ns: int, config: OnsetConfig
) -> tuple[Improved, ...]:
    """The surest first. told: ids of the clusters that the report tells as problems; they are no news here."""
    found = [
        (sure, one)
        for case in cases
        if case.cluster_id not in told and case.is_counted and is_failure(case)
        and origin_of_share(case.origins)[0] != "scanners"
        for sure, one in [_improved(case, start_ns, config)]
        if one is not None
    ]  # fmt: skip
    return tuple(one for _, one in sorted(found, key=lambda each: (-each[0], each[1].cluster_id)))


def _improved(case: Case, start_ns: int, config: OnsetConfig) -> tuple[float, Improved | None]:
    """How sure it is, and what is told; None where nothing got better, or that was known before the window."""
    times, line = case.times_ns, case.grid.timeline
    old, now = times[(times < start_ns) & (times >= case.fit.at_ns)], int((times >= start_ns).sum())
    if old.size < _LEAST_UNITS or start_ns >= line.end_ns:
        return 0.0, None
    marks = np.array([old[0], old[-1], start_ns, line.end_ns], dtype=np.int64)
    began, last, opened, end = case.held.clock(marks).tolist()
    before, since = opened - began, end - opened
    rate, bursts = old.size / max(before, float(old.size)), max(case.fit.dispersion, 1.0)
    if (opened - last) * rate / bursts >= config.silence:
        return 0.0, None  # it was over when the window began
    expected = rate * since / bursts
    gain = _gain(now, since, rate) / bursts
    if expected < config.silence or now >= _FELL * rate * since or (now and gain < config.evidence):
        return 0.0, None
    return gain, Improved(
        case.cluster_id, case.title, case.project, case.service, case.grid.unit, int(old.size), round(before), now,
        round(since), int(times[-1]),
    )  # fmt: skip


def _gain(failed: int, exposed: float, rate: float) -> float:
    """How much better a rate of its own explains so many failures than the old one, as a logarithm."""
    expected = rate * exposed
    return expected - failed + (failed * math.log(failed / expected) if failed else 0.0)
