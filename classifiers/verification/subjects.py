"""What is to be verified: each finding, the failures it is judged by, and the criterion that it must meet. No I/O."""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
import orjson
from msgspec import Struct

from classifiers.cases import Case
from classifiers.findings import Absence, Attribution, Cluster, Findings, Latency
from classifiers.followed import Criterion, IncidentState
from classifiers.lifecycle.members import is_same
from classifiers.verification.rate_proof import limit_between
from collector.replacing import replace

__all__ = ["Subject", "criterion_id", "find_subjects"]

_QUERIES = {
    "requests": "count_exposure", "traces": "count_span_exposure", "minutes": "count_instance_minutes",
    "entries": "count_instance_minutes",
}  # fmt: skip
_WAS_THERE = 0.0005  # a share below which it had as good as never failed before
_STEADY = 8  # failures before, of which fewer are an episode of long ago and no rate
_PAUSE = 3.0  # failures that should have come between the last one before and the onset (rule of three)
_MS = 1e6


class Subject(Struct, frozen=True):
    """A finding, the case it is judged by, and its criterion without what only the proof tells.

    `old` and `bad` are shares that failed before and since, of a criterion that is about a share.
    """

    case: Case
    criterion: Criterion
    what: str  # of what an attempt must be without
    blamed: Attribution | None = None
    old: float | None = None
    bad: float | None = None
    slow_ns: int = 0
    operation: tuple[str, str, str, str] | None = None  # project, service, source and name of a slower one
    cause: str | None = None  # id of the finding that explains it: what mends that mends it too


def find_subjects(
    findings: Findings, cases: Mapping[str, Case], waiting: Iterable[IncidentState]
) -> tuple[Subject, ...]:
    """One for each problem, slower operation and missing event, then for members of earlier looks, by id.

    `waiting` are rows of members; those that these findings tell, by id or by most of their signatures, are told once.
    """
    every: tuple[Cluster | Latency | Absence, ...] = (*findings.clusters, *findings.latency, *findings.absent_events)
    found = {one.id: _subject(one, cases[one.id]) for one in every if one.id in cases}
    told = [
        (one.case.project, one.case.service, one.criterion.finding_id, one.case.signature_ids) for one in found.values()
    ]
    rest = {one.id: one for one in (*findings.standing, *findings.muted, *findings.noise)}
    for row in sorted(waiting, key=lambda one: one.finding_id):
        if row.finding_id in found or any(is_same(row, *one) for one in told):
            continue
        case = case_of(row, cases)
        if case is not None:
            title = rest[row.finding_id].title if row.finding_id in rest else row.title
            found[row.finding_id] = _of_failure(row.finding_id, case, title, None)
    return tuple(found.values())


def case_of(row: IncidentState, cases: Mapping[str, Case]) -> Case | None:
    """The case of a stored member, by its id or by its signatures; None where nothing is known of it any more."""
    if row.finding_id in cases:
        return cases[row.finding_id]
    mine = set(row.signature_ids)
    near = (one for one in cases.values() if is_same(row, one.project, one.service, "", one.signature_ids))
    return max(near, key=lambda one: (len(mine & {*one.signature_ids}), one.cluster_id), default=None)


def criterion_id(*parts: str) -> str:
    """A stable id from what a criterion is about."""
    return hashlib.blake2b(orjson.dumps(parts), digest_size=8).hexdigest()


def _subject(one: Cluster | Latency | Absence, case: Case) -> Subject:
    if isinstance(one, Latency):
        found = _of_latency(one, case)
    elif isinstance(one, Absence):
        found = _of_absence(one, case)
    else:
        found = _of_failure(one.id, case, one.title, one.attribution)
    return replace(found, cause=one.caused_by)


def _of_failure(name: str, case: Case, title: str, blamed: Attribution | None) -> Subject:
    fit = case.fit
    old, bad = fit.rate_before or 0.0, fit.rate_after or 0.0
    is_rate = fit.is_change and case.is_counted and bad > old > _WAS_THERE and _was_there(case, old)
    kind = "rate below" if is_rate else "no failures"
    criterion = Criterion(
        id=criterion_id(kind, case.project, case.service, name),
        kind="rate below" if is_rate else "no failures",
        statement="",
        query=_QUERIES[case.grid.unit],
        test="binomial" if is_rate else "rule of three",
        project=case.project,
        service=case.service,
        finding_id=name,
        route=", ".join(case.routes),
        signature_ids=case.signature_ids,
        limit=limit_between(old, bad) if is_rate else None,
    )
    return Subject(case, criterion, title, blamed, old if is_rate else None, bad if is_rate else None)


def _was_there(case: Case, old: float) -> bool:
    """It failed now and then until the onset, and not in an episode long before."""
    index = case.fit.index
    if index < _STEADY:
        return False
    pause = np.diff(case.held.clock(case.times_ns[index - 1 : index + 1]))
    return float(pause[0]) * old <= _PAUSE


def _of_latency(one: Latency, case: Case) -> Subject:
    before = (one.onset.rate_before if one.onset else None) or 0.0
    bad = one.slow / one.since if one.since else 0.0
    old = max(before, 0.5 / max(one.before, 1))
    limit = limit_between(old, bad)
    quantile = round(1 - limit, 2)
    criterion = Criterion(
        id=criterion_id("faster than", one.project, one.service, one.id),
        kind="faster than",
        statement="",
        query="find_latency_trials",
        test="binomial",
        project=one.project,
        service=one.service,
        finding_id=one.id,
        route=one.operation or "",
        limit=round(one.slow_ns / _MS, 1),
        quantile=min(max(quantile, 0.5), 0.99),
    )
    operation = (one.project, one.service, one.known_by, one.operation or "")
    return Subject(case, criterion, one.operation or "", one.attribution, old, bad, one.slow_ns, operation)


def _of_absence(one: Absence, case: Case) -> Subject:
    old, bad = max(1 - one.before.rate, 0.5 / max(one.before.trials, 1)), 1 - one.since.rate
    kind = "field present" if one.field else "event follows"
    criterion = Criterion(
        id=criterion_id(kind, one.project, one.service, one.id),
        kind="field present" if one.field else "event follows",
        statement="",
        query="find_event_rows" if one.field else "find_event_requests",
        test="binomial",
        project=one.project,
        service=one.service,
        finding_id=one.id,
        route=one.trigger,
        event=one.event,
        field=one.field or "",
        limit=limit_between(old, bad),
    )
    return Subject(case, criterion, one.event, one.attribution, old, bad)
