"""Verification, the main line: findings and what earlier looks left open -> criteria -> attempts since -> verdicts.

Every criterion is a query, a test by name and the exposure that it needs. What cannot be tested says why.
"""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from classifiers.cases import Case
from classifiers.explained import BLAMED
from classifiers.findings import Findings
from classifiers.followed import Fix, IncidentState, Verification
from classifiers.history import History
from classifiers.latency_reading import Latencies
from classifiers.lifecycle.fixes import find_fix, find_idle
from classifiers.storms import find_period
from classifiers.verification.attempts import Attempts, count_attempts, passed
from classifiers.verification.rate_proof import Rate, prove_rate
from classifiers.verification.silence_proof import Silence, prior_of, prove_silence
from classifiers.verification.subjects import Subject, find_subjects
from classifiers.verification.telling import Told, rate_verification, silence_verification
from collector.replacing import replace

__all__ = ["verify_findings"]

_LEAST_PERIOD_S = 5.0  # shorter ones are attempts of one request, and no timer


def verify_findings(
    findings: Findings,
    cases: Mapping[str, Case],
    history: History,
    latencies: Latencies,
    *,
    stored: Iterable[IncidentState] = (),
) -> tuple[Verification, ...]:
    """What is proven of every finding, in their order, then of those of earlier looks that are not over, by id.

    cases: by id of the finding, those of the baseline too. stored: rows of earlier looks. Of what has no case nothing
    is known any more, and nothing is told.
    """
    subjects = find_subjects(findings, cases, _waiting(stored, findings.window.end_ns))
    fixes = _fixes(subjects, history)
    return tuple(_verified(one, fixes[one.criterion.finding_id], history, latencies) for one in subjects)


def _fixes(subjects: Sequence[Subject], history: History) -> dict[str, Fix | None]:
    """The change since which each may be over: its own, else that of what explains it."""
    own = {one.criterion.finding_id: find_fix(one.case, one.blamed, history) for one in subjects}
    causes = {one.criterion.finding_id: one.cause for one in subjects}
    found = dict(own)
    for name in own:
        above, seen = causes[name], {name}
        while found[name] is None and above is not None and above in own and above not in seen:
            seen.add(above)
            found[name] = own[above]
            above = causes[above]
    return found


def _waiting(stored: Iterable[IncidentState], look_ns: int) -> list[IncidentState]:
    """The last row of each member of earlier looks that was not over then."""
    last = {row.finding_id: row for row in stored if row.finding_id and row.look_ns < look_ns}
    return [row for row in last.values() if row.state != "resolved"]


def _verified(subject: Subject, fix: Fix | None, history: History, latencies: Latencies) -> Verification:
    attempts = count_attempts(subject.case, fix, history)
    if subject.operation is not None:
        attempts = _of_operation(subject, attempts, fix, latencies)
    told = Told(subject, attempts, fix, history, None if fix else _idle(subject, history))
    if subject.bad is not None and subject.old is not None:
        return _of_rate(told)
    return _of_silence(told)


def _idle(subject: Subject, history: History) -> str:
    """A revision that is ready and is not asked; "" where there is none."""
    found = find_idle(subject.case, subject.blamed, history)
    return found.revision if found else ""


def _of_silence(told: Told) -> Verification:
    subject, attempts = told.subject, told.attempts
    if attempts.failures:
        again = count_attempts(subject.case, None, told.history)
        proof = _silence(subject, again, None)
        return silence_verification(told, proof, again)
    proof = _silence(subject, attempts, told.fix.how if told.fix else None)
    return silence_verification(told, proof, attempts)


def _silence(subject: Subject, attempts: Attempts, how: str | None) -> Silence:
    blamed = subject.blamed
    period = find_period(attempts.told.at.astype("int64"))
    middle = (period[0] + period[1]) / 2 * 1e9 if period and period[0] >= _LEAST_PERIOD_S else None
    return prove_silence(
        attempts.asked,
        attempts.told,
        period_ns=middle,
        how=how,
        is_of_revision=blamed is not None and blamed.confidence >= BLAMED,
        is_counted=subject.case.is_counted,
    )


def _of_rate(told: Told) -> Verification:
    """Of a share: since the fix; without one of the last attempts, as many as are needed."""
    subject, attempts = told.subject, told.attempts
    old, bad = subject.old or 0.0, subject.bad or 0.0
    limit = subject.criterion.limit if subject.operation is None else (old * bad) ** 0.5
    blamed = subject.blamed
    is_of_revision = blamed is not None and blamed.confidence >= BLAMED
    prior = prior_of(told.fix.how if told.fix else None, 1, is_of_revision=is_of_revision)

    def proven(failures: int, many: int) -> Rate:
        return prove_rate(
            failures, many, limit=limit or 1.0, old=old, bad=bad, dispersion=subject.case.fit.dispersion, prior=prior
        )

    if told.fix is not None:
        return rate_verification(told, proven(attempts.failures, attempts.attempts), attempts)
    last = _last(told, proven(0, 0).needed)
    return rate_verification(told, proven(last.failures, last.attempts), last)


def _last(told: Told, needed: int | None) -> Attempts:
    """The last attempts since the onset, so many as are needed, or all."""
    attempts, case, end_ns = told.attempts, told.subject.case, told.history.end_ns
    line = attempts.live.timeline
    since_ns = case.fit.at_ns
    if needed is not None and told.subject.operation is None:
        ahead = attempts.live.total[::-1].cumsum()
        enough = int((ahead < needed).sum()) + 1
        since_ns = max(since_ns, line.start_ns + max(line.bins - enough, 0) * line.bin_ns)
    if told.subject.operation is not None:
        return attempts
    failed = case.times_ns[case.times_ns >= since_ns]
    return replace(
        attempts,
        since_ns=since_ns,
        attempts=max(int(passed(attempts.live, since_ns, end_ns)), len(failed)),
        failures=len(failed),
        unasked=(),
        first_ns=int(failed[0]) if len(failed) else None,
        last_ns=int(failed[-1]) if len(failed) else None,
    )


def _of_operation(subject: Subject, attempts: Attempts, fix: Fix | None, latencies: Latencies) -> Attempts:
    """Of a slower operation its requests since, and those that took longer than hardly any before."""
    project, service, source, operation = subject.operation or ("", "", "", "")
    since_ns = fix.at_ns if fix else subject.case.fit.at_ns
    older = list(fix.older) if fix and fix.service == service else []
    rows = latencies.trials.filter(
        (pl.col("project") == project)
        & (pl.col("service") == service)
        & (pl.col("source") == source)
        & (pl.col("operation") == operation)
        & (pl.col("at_ns") > since_ns)
    )
    live = rows.filter(~pl.col("revision").is_in(older))
    slow = live.filter(pl.col("duration_ns") > subject.slow_ns)
    late = rows.filter(pl.col("revision").is_in(older) & (pl.col("duration_ns") > subject.slow_ns))
    return replace(
        attempts,
        since_ns=since_ns,
        attempts=live.height,
        failures=slow.height,
        first_ns=slow["at_ns"].min(),  # type: ignore[arg-type] # of a column of integers
        last_ns=slow["at_ns"].max(),  # type: ignore[arg-type] # as above
        stragglers=late.height if fix else 0,
    )
