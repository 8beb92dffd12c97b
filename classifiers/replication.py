"""Replication: what roll-backs, redeploys and mending deploys show, in words. The counts are weighed in rivals.py.

A/B/A: a failure that stops when the good revision serves again, and comes back with the bad one, was repeated under the
same conditions at other times, which nothing that merely coincides is.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.attribution import Weight, exonerated
from classifiers.cases import Case
from classifiers.findings import Change, Evidence
from classifiers.lineage import Lineage
from classifiers.rivals import Tally

__all__ = ["Replication", "replication_of"]

_EXPECTED = 3.0  # failures that must be missed for a stretch without them to say anything: rule of three
_NAMED = 3


class Replication(Struct, frozen=True):
    """Stretches of time in which the blamed revisions served, and those after the first in which others did."""

    bad_stretches: int
    good_stretches: int  # after the first bad one, long enough for failures to be missed
    evidence: tuple[Evidence, ...]

    @property
    def is_repeated(self) -> bool:
        """It stopped when others served again."""
        return self.good_stretches > 0


def replication_of(
    case: Case, weight: Weight, tally: Tally, lineage: Lineage, change: Change | None, unit: str
) -> Replication:
    """What the history of deploys repeats of a claim; `change` is the one that is held to have done it."""
    bad, good, evidence = _stretches(case, weight, unit)
    found = [evidence] if evidence else []
    found += _mended(weight, tally, lineage, change, unit)
    found += _cleared(weight, tally, lineage, unit)
    found += _redeployed(weight, tally, lineage, unit)
    return Replication(bad, good, tuple(found))


def _stretches(case: Case, weight: Weight, unit: str) -> tuple[int, int, Evidence | None]:
    """Runs of bins in which the blamed revisions, or the others, had most of the exposure."""
    total, blamed = case.held.total, weight.split.revisions
    on_bad = np.zeros_like(total)
    for name in blamed:
        on_bad += weight.candidate.exposure(case, name)
    used = total > 0
    is_bad = (on_bad > total / 2)[used]
    failed = np.bincount(case.bins, minlength=len(total)).astype(float)[used]
    rate = weight.split.rate_bad
    if not is_bad.any() or rate is None:
        return 0, 0, None
    edges = np.flatnonzero(np.diff(is_bad.astype(int))) + 1
    runs = np.split(np.arange(len(is_bad)), edges)
    first = int(np.flatnonzero(is_bad)[0])
    asked = total[used]
    bad = [run for run in runs if is_bad[run[0]] and failed[run].sum()]
    good = [
        run for run in runs
        if not is_bad[run[0]] and run[0] > first and asked[run].sum() * rate / case.fit.dispersion >= _EXPECTED
    ]  # fmt: skip
    spared = [run for run in good if failed[run].sum() < asked[run].sum() * rate / 2]
    if not spared or len(spared) < len(good):
        return len(bad), 0, None
    return len(bad), len(spared), Evidence("measured", _told(bad, spared, failed, asked, unit), "count_exposure")


def _told(
    bad: Sequence[NDArray[np.int64]], good: Sequence[NDArray[np.int64]], failed: NDArray[np.float64],
    asked: NDArray[np.float64], unit: str,
) -> str:  # fmt: skip
    def counts(runs: Sequence[NDArray[np.int64]]) -> str:
        return f"{sum(failed[run].sum() for run in runs):.0f} of {sum(asked[run].sum() for run in runs):.0f} {unit}"

    times = {1: "once", 2: "twice"}.get(len(bad), f"{len(bad)} times")
    back = "and came back with it" if len(bad) > 1 else "and not since"
    return (
        f"replication: it failed {times} while the blamed revision served ({counts(bad)}), stopped when another did "
        f"({counts(good)}) {back}"
    )


def _mended(weight: Weight, tally: Tally, lineage: Lineage, change: Change | None, unit: str) -> list[Evidence]:
    """Later revisions that took the change back and do not fail."""
    rate = weight.split.rate_bad
    if change is None or rate is None or weight.difference is None:
        return []
    own = weight.candidate
    kept = lineage.kept(own.project, own.service, weight.difference, change)
    back = [name for name in own.later if kept.get(name) is False and tally.exposed.get(name, 0.0) * rate >= _EXPECTED]
    well = [name for name in back if tally.failed.get(name, 0) < tally.exposed[name] * rate / 2]
    if not well:
        return []
    asked, failed = sum(tally.exposed[name] for name in well), sum(tally.failed.get(name, 0) for name in well)
    told = f"{_listed(well)} took {_named(change)} back: {failed} of {asked:.0f} {unit} failed"
    return [Evidence("measured", told, "find_facts", revisions=tuple(well[:_NAMED]))]


def _cleared(weight: Weight, tally: Tally, lineage: Lineage, unit: str) -> list[Evidence]:
    """Why a change of the same deploy did not do it."""
    own, blamed = weight.candidate, set(weight.split.revisions)
    found = []
    if weight.difference is None:
        return []
    for change in exonerated(weight):
        kept = lineage.kept(own.project, own.service, weight.difference, change)
        without = [name for name in own.later if kept.get(name) is False and name in blamed and tally.failed.get(name)]
        having = [name for name in own.later if kept.get(name) is True and name not in blamed]
        having = [name for name in having if tally.exposed.get(name, 0.0) >= 1]
        if without:
            failed = sum(tally.failed[name] for name in without)
            told = f"not {_named(change)}: {_listed(without)} took it back, and {failed} {unit} failed all the same"
            found.append(Evidence("inferred", told, "rule:taken-back", revisions=tuple(without[:_NAMED])))
        elif having:
            asked = sum(tally.exposed[name] for name in having)
            told = f"not {_named(change)}: {_listed(having)} still has it, and runs without this ({asked:.0f} {unit})"
            found.append(Evidence("inferred", told, "rule:kept-and-well", revisions=tuple(having[:_NAMED])))
    return found


def _redeployed(weight: Weight, tally: Tally, lineage: Lineage, unit: str) -> list[Evidence]:
    """Later deploys that changed nothing, or only code or only configuration, and fail as the blamed one."""
    own, found = weight.candidate, []
    for name in own.later:
        if not tally.failed.get(name):
            continue
        step = lineage.step(own.project, own.service, name)
        if step and step.before in {own.revision, *weight.split.revisions} and step.label != "not known":
            what = {"nothing": "changed nothing", "both": "changed code and configuration"}.get(
                step.label, f"changed {step.label.replace('config', 'configuration')}"
            )
            asked = max(tally.exposed.get(name, 0.0), tally.failed[name])
            told = f"{name} {what} and fails too: {tally.failed[name]} of {asked:.0f} {unit}"
            found.append(Evidence("measured", told, "find_facts", revisions=(step.before, name)))
    return found[:_NAMED]


def _named(change: Change) -> str:
    return change.type if change.name in {"", change.type} else f"{change.type} {change.name}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
