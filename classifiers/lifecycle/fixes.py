"""Fixes: the change of the ledger since which a failure may be over. A candidate only: attempts since prove it.

What failed since the onset has lost its traffic to revisions that do not fail: by a later deploy, by one that has the
named change as it was before, or by traffic that went back. Else a change that is no deploy, made when it last failed.
What had stopped long before, by what was asked since, was ended by no change that came after. Stragglers are failures
on revisions that a fix leaves behind; a failure on one that was given traffic again is none.
"""

from collections.abc import Collection, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.changes import Difference
from classifiers.explained import BLAMED
from classifiers.findings import Attribution
from classifiers.followed import Fix
from classifiers.history import History
from classifiers.lifecycle.withdrawn import Line
from classifiers.lineage import Lineage, never_worked
from classifiers.platform_changes import PlatformChange
from classifiers.service_names import plain_name
from collector.records import Revision

__all__ = ["failures_since", "find_fix", "find_idle", "given_back", "stragglers"]

_AT_ONCE_NS = 120_000_000_000  # clocks differ, and what was under way still fails
_EVER_NS = 2**63 - 1
_OVER = 3.0  # failures expected in a silence before a change, from which on it had ended by itself (rule of three)


def find_fix(case: Case, blamed: Attribution | None, history: History) -> Fix | None:
    """The change since which the case may be over; None where what failed serves on and nothing else changed."""
    blamed = blamed if blamed and blamed.confidence >= BLAMED else None
    asked = [(case.service, None if blamed and blamed.service != case.service else blamed)]
    if blamed and blamed.service != case.service:
        asked.insert(0, (blamed.service, blamed))
    for service, claim in asked:
        line = Line.of(history, case.project, service)
        failing = _failing(case, line, claim, history)
        fix = _by_ledger(case, line, failing, claim, history) if failing else None
        if fix is not None:
            return fix
    return _by_change(case, {service for service, _ in asked}, history)


def find_idle(case: Case, blamed: Attribution | None, history: History) -> Revision | None:
    """The latest revision that is ready and takes no traffic, while those that fail do: a fix that nobody asks."""
    is_elsewhere = blamed is not None and blamed.confidence >= BLAMED and blamed.service != case.service
    line = Line.of(history, case.project, blamed.service if blamed and is_elsewhere else case.service)
    failing = _failing(case, line, blamed, history)
    known = [line.find(name) for name in failing]
    if not any(one and line.left_ns(one, failing) is None for one in known):
        return None
    later = line.revisions[max((line.names.index(name) for name in failing), default=-1) + 1 :]
    idle = [one for one in later if not one.periods and not never_worked(one) and one.deleted_ns is None]
    is_routed = any(period.percent for one in line.revisions for period in one.periods)
    return idle[-1] if idle and is_routed else None


def stragglers(case: Case, fix: Fix, history: History) -> tuple[int, int | None]:
    """How many failures came after a fix on revisions that it left behind, and when the last of them did.

    Those on one that was given traffic again are none from then on.
    """
    if fix.service != case.service or not fix.older:
        return 0, None
    again = given_back(fix, case.project, history)
    rows = failures_since(case, history, fix.at_ns).filter(pl.col("revision").is_in(list(fix.older)))
    until = pl.col("revision").replace_strict(again, default=_EVER_NS, return_dtype=pl.Int64) if again else _EVER_NS
    rows = rows.filter(pl.col("at_ns") < until)
    return int(rows["failures"].sum()), rows["at_ns"].max()  # type: ignore[return-value] # of a column of integers


def failures_since(case: Case, history: History, at_ns: int) -> pl.DataFrame:
    """What failed of a case after an instant, whether or not its request is known: revision, at_ns, failures."""
    rows = history.failed(case.project, case.service, case.signature_ids)
    if rows.is_empty():  # slower operations and missing events have trials alone
        trials = {"revision": case.revisions, "at_ns": case.times_ns.tolist()}
        found = pl.DataFrame(trials, schema={"revision": pl.String(), "at_ns": pl.Int64()}).with_columns(failures=1)
        rows = found.sort("at_ns", "revision")
    return rows.slice(int(np.searchsorted(rows["at_ns"].to_numpy(), at_ns, side="right")))


def given_back(fix: Fix, project: str, history: History) -> dict[str, int]:
    """When revisions that a fix left behind took traffic again."""
    line = Line.of(history, project, fix.service)
    known = [one for one in line.revisions if one.revision in fix.older]
    return {one.revision: at for one in known if (at := line.given_back_ns(one, fix.at_ns)) is not None}


def _failing(case: Case, line: Line, blamed: Attribution | None, history: History) -> tuple[str, ...]:
    """Revisions of the line that failed since the onset; of a failure elsewhere those that served when it came."""
    is_since = case.times_ns >= case.fit.at_ns
    own = set(failures_since(case, history, case.fit.at_ns - 1)["revision"]) - {""}
    known = line.names
    if blamed is None or blamed.service == case.service:
        found = {name for name in own if name in known}
        if found:
            return tuple(name for name in known if name in found)
    names, led = line.asked.leaders()
    bins = np.unique(case.bins[is_since])
    first = {place: int(np.argmax(led == place)) for place in set(led[bins].tolist())}
    # in the first minutes of a revision what failed may be of the one before
    seen = {names[led[at]] for at in bins.tolist() if led[at] >= 0 and (at > first[int(led[at])] or at == 0)}
    since = known.index(blamed.revision) if blamed and blamed.revision in known else 0
    return tuple(name for place, name in enumerate(known) if name in seen and place >= since)


def _by_ledger(
    case: Case, line: Line, failing: Sequence[str], blamed: Attribution | None, history: History
) -> Fix | None:
    """Traffic that left all revisions that fail."""
    bad = [one for one in line.revisions if one.revision in failing]
    left = [line.left_ns(one, failing) for one in bad]
    ends = [at_ns for at_ns in left if at_ns is not None]
    if len(ends) < len(bad):
        return None
    at_ns = max(ends)
    now = line.served_at(at_ns, failing)
    if now is None or at_ns <= case.fit.at_ns or _had_ended(case, _exposed(case, now.service, failing), at_ns):
        return None
    names = line.names
    place, first = names.index(now.revision), min(names.index(name) for name in failing)
    if blamed and blamed.revision in names:
        first = min(first, names.index(blamed.revision))
    is_later = place > max(names.index(name) for name in failing)
    there = line.revisions[first:place] if is_later else line.revisions[first:]
    older = tuple(
        one.revision
        for one in there
        if one is not now and not line.is_serving(one) and (is_later or (one.created_ns or 0) <= at_ns)
    )
    short = now.revision.removeprefix(f"{plain_name(now.service)}-")
    if not is_later:
        return Fix(now.service, now.revision, at_ns, "rollback", f"traffic went back to {short}", older)
    restored = _restored(now, blamed, case.project, history)
    if restored:
        return Fix(now.service, now.revision, at_ns, "redeploy", f"{short} has {restored} as it was before", older)
    return Fix(now.service, now.revision, at_ns, "deploy", f"{short} took the traffic", older)


def _restored(now: Revision, blamed: Attribution | None, project: str, history: History) -> str:
    """The name of the blamed change where a revision has it as it was before; "" where it does not."""
    if blamed is None or blamed.change is None or not blamed.good_revision:
        return ""
    told = Difference(blamed.good_revision, blamed.revision, (blamed.change,), "config only", ())
    kept = Lineage(history.revisions, history.routings).kept(project, blamed.service, told, blamed.change)
    return blamed.change.name if kept.get(now.revision) is False else ""


def _had_ended(case: Case, exposed: NDArray[np.float64], at_ns: int) -> bool:
    """So much was asked without a failure before an instant that whatever happened then did not end it."""
    failed = case.bins[(case.times_ns >= case.fit.at_ns) & (case.times_ns <= at_ns)]
    if not case.is_counted or not failed.size:
        return False
    until = int(case.grid.timeline.bin_of(np.array([at_ns]))[0])
    first, last = int(failed[0]), int(failed[-1])
    rate = failed.size / max(float(exposed[first : last + 1].sum()), float(failed.size))
    return rate * float(exposed[last + 1 : until].sum()) / max(case.fit.dispersion, 1.0) >= _OVER


def _exposed(case: Case, service: str, failing: Collection[str]) -> NDArray[np.float64]:
    """What was asked of the case on the revisions that fail; of a failure in another service in all."""
    held = case.held
    own = [held.by_revision[name] for name in failing if name in held.by_revision] if service == case.service else []
    return np.asarray(np.sum(own, axis=0)) if own else held.total


def _by_change(case: Case, services: Collection[str], history: History) -> Fix | None:
    """The first change that is no deploy since the last failure, where it had not ended by itself before."""
    rows = failures_since(case, history, case.fit.at_ns)
    last = max([int(case.times_ns[-1]), *rows["at_ns"].tail(1).to_list()])
    for change in history.changes:
        done_ns = change.ended_ns or change.at_ns
        if not _may_mend(change, case, services) or done_ns <= case.fit.at_ns or done_ns < last - _AT_ONCE_NS:
            continue
        if _had_ended(case, case.held.total, done_ns):
            return None
        return Fix(change.service or case.service, "", done_ns, "change", change.what)
    return None


def _may_mend(change: PlatformChange, case: Case, services: Collection[str]) -> bool:
    is_near = change.project in {case.project, ""} and (not change.service or change.service in services)
    return is_near and change.outcome != "failed" and not change.is_system and change.kind != "other"
