"""Verifications told: a proof, what was counted and what changed in; verdict, statement and one sentence of why out."""

from typing import Literal

from msgspec import Struct

from classifiers.explained import Evidence
from classifiers.followed import Criterion, Fix, Proof, Verification
from classifiers.history import History
from classifiers.service_names import plain_name
from classifiers.verification.attempts import Attempts, about_ns, passed
from classifiers.verification.rate_proof import Rate
from classifiers.verification.silence_proof import Silence
from classifiers.verification.subjects import Subject
from classifiers.verification.words import attempts_words, chance_words, long_words, unit_words
from collector.replacing import replace
from collector.window import format_ns

__all__ = ["Told", "rate_verification", "silence_verification"]

_MOST_SURE = 0.99  # nothing is told as surer
_TESTS = {"steady": "rule of three", "bursts": "bursts", "beats": "timer", "once": "one stretch"}
_MS = 1e6
_DAY_NS = 86_400_000_000_000


class Told(Struct, frozen=True):
    """What a verification is about. `idle`: a revision that is ready and that nobody asks."""

    subject: Subject
    attempts: Attempts
    fix: Fix | None
    history: History
    idle: str | None

    @property
    def since(self) -> str:
        """What the attempts are counted from."""
        if self.fix is None and self.subject.bad is not None:  # a share has no last failure
            return "the latest attempts began"
        return self.fix.statement if self.fix else "the last failure"


def silence_verification(told: Told, proof: Silence, since: Attempts) -> Verification:
    """Of a failure that may not come at all. `since` is what the proof is about: the fix, or the last failure."""
    subject, case = told.subject, told.subject.case
    failures = told.attempts.failures
    needed = proof.needed
    is_enough = needed is not None and since.attempts >= needed and proof.chance <= proof.level
    is_enough = is_enough and (proof.needed_ns is None or since.told.since >= proof.needed_ns) and not since.unasked
    about = _about(told, since, proof)
    why_not = "" if is_enough else _untestable(told, since)
    verdict: Proof = "VERIFIED" if is_enough else "NOT YET"
    if not is_enough and (failures or (told.fix is None and (proof.is_usual or since.attempts == 0))):
        verdict = "FAILING"
    elif not is_enough and why_not:
        verdict = "NOT TESTABLE"
    is_goal = verdict in {"NOT YET", "FAILING"}
    criterion = replace(
        subject.criterion,
        statement=f"{attempts_words(case, needed)} pass without {subject.what}",
        test=_TESTS[proof.basis],
    )
    why = _failing_words(told) if verdict == "FAILING" else why_not or _silence_words(told, proof, since)
    return _verification(
        told, since if not failures else told.attempts, criterion, verdict, why,
        needed=needed, silence_ns=proof.needed_ns, about=about if is_goal else None, sure=proof.sure,
    )  # fmt: skip


def rate_verification(told: Told, proof: Rate, since: Attempts) -> Verification:
    """Of what failed now and then before too: its share must lie below the limit."""
    subject, case = told.subject, told.subject.case
    criterion = replace(subject.criterion, statement=_rate_statement(told))
    is_going_on = told.fix is None and case.fit.course != "resolved"
    share = since.failures / since.attempts if since.attempts else 0.0
    limit = (subject.old or 0.0) ** 0.5 * (subject.bad or 0.0) ** 0.5
    why_not = "" if proof.is_below or proof.is_above else _untestable(told, since)
    if proof.is_below and not since.unasked:
        verdict: Proof = "VERIFIED"
    elif proof.is_above or (is_going_on and share > limit):
        verdict = "FAILING"
    else:
        verdict = "NOT TESTABLE" if why_not else "NOT YET"
    counted = f"{since.failures:,} of {since.attempts:,} {_bad_words(subject)}"
    why = why_not or (
        f"{counted} since {told.since if told.fix else _clock(since.since_ns)}, against "
        f"{chance_words(subject.old or 0.0)} before and {chance_words(subject.bad or 0.0)} while it was bad"
        f"{_unasked_words(since)}"
    )
    more = None if proof.needed is None else max(proof.needed - since.attempts, 0)
    about = None if more is None else about_ns(more, case.held.total, since.live)
    return _verification(
        told, since, criterion, verdict, f"{why}.", needed=proof.needed, silence_ns=None,
        about=about if verdict in {"NOT YET", "FAILING"} else None, sure=proof.sure,
    )  # fmt: skip


def _verification(  # noqa: PLR0913 - the fields of the record
    told: Told, since: Attempts, criterion: Criterion, verdict: Proof, why: str, *, needed: int | None,
    silence_ns: int | None, about: int | None, sure: float | None,
) -> Verification:  # fmt: skip
    case, fix = told.subject.case, told.fix
    last = since.last_ns or (int(case.times_ns[-1]) if case.times_ns.size else None)
    fact = Evidence(
        "measured",
        f"{since.failures:,} of {attempts_words(case, since.attempts)} failed since {told.since}.",
        told.subject.criterion.query,
        revisions=tuple(sorted(name for name, own in since.live.by_revision.items() if name and own.any()))[-5:],
    )
    return Verification(
        criterion=criterion,
        verdict=verdict,
        since_ns=since.since_ns,
        since=told.since,
        attempts=since.attempts,
        failures=since.failures,
        needed=needed,
        why=why,
        silence_ns=silence_ns,
        about_ns=about,
        sure=None if sure is None or verdict == "FAILING" else round(min(sure, _MOST_SURE), 3),
        stragglers=told.attempts.stragglers,
        last_failure_ns=last,
        fixed_by=(fix.revision or fix.statement) if fix else "",
        evidence=(fact,),
    )


def _about(told: Told, since: Attempts, proof: Silence) -> int | None:
    """How long what is missing takes: attempts at today's traffic, and the silence itself."""
    if proof.needed is None:
        return None
    waits = about_ns(max(proof.needed - since.attempts, 0), told.subject.case.held.total, since.live)
    if waits is None or proof.needed_ns is None:
        return waits
    return max(waits, proof.needed_ns - int(since.told.since), 0)


def _untestable(told: Told, since: Attempts) -> str:
    """Why nothing can be proven, however long one waits; "" where it can."""
    case, history = told.subject.case, told.history
    place = (case.project, case.service)
    if told.fix is None and told.idle:
        return f"{_short(told.idle, told)} is ready and takes no traffic: nothing was asked of it"
    if since.attempts:
        return ""
    if told.subject.criterion.event:
        return f"its trigger {told.subject.criterion.route or 'request'} was not seen since {told.since}"
    end_ns = history.end_ns
    if case.grid.unit == "traces" and passed(history.exposure.instance_minutes(*place), since.since_ns, end_ns) > 0:
        return f"{case.service} writes on, but its spans ended: attempts are not counted any more"
    day = passed(case.held, end_ns - _DAY_NS, end_ns)
    if about_ns(1, case.held.total, since.live) is None or (since.told.since >= _DAY_NS and not since.attempts):
        return f"no {attempts_words(case, None)} came since {told.since}, and {day:,.0f} in the last day"
    return ""


def _silence_words(told: Told, proof: Silence, since: Attempts) -> str:
    """What so much silence proves, in one sentence."""
    case = told.subject.case
    passed_ns = since.told.since
    lasted = since.told.at[-1] - since.told.at[0] if since.told.at.size else 0.0
    many = since.until
    unit = unit_words(case.grid.unit, 2)
    seldom = f"would happen in {chance_words(proof.chance)} of cases with nothing mended"
    if since.unasked:
        return f"{' and '.join(since.unasked)} failed too and {_was(since.unasked)} not asked since {told.since}."
    if proof.basis == "once":
        return (
            f"it was one stretch of {many:,} failures in {long_words(lasted)}, which ended by itself: "
            f"{long_words(passed_ns)} of silence {seldom}{_needs(proof)}."
        )
    if proof.basis == "steady":
        word = "failure" if many == 1 else "failures"
        return (
            f"{many:,} {word} in {max(since.of, many):,} {unit} until {_until(told)}: {since.attempts:,} without one "
            f"{seldom}{_needs(proof)}."
        )
    what = "bursts" if proof.basis == "bursts" else "beats"
    seldom += "" if told.fix or proof.basis != "bursts" else ", and nothing is known to have changed"
    return (
        f"{many:,} failures came in {proof.bursts:,} {what} over {long_words(lasted)}: {long_words(passed_ns)} of "
        f"silence ({since.attempts:,} {unit}) {seldom}{_needs(proof)}."
    )


def _needs(proof: Silence) -> str:
    parts = []
    if proof.needed:
        parts.append(f"{proof.needed:,}")
    if proof.needed_ns:
        parts.append(long_words(proof.needed_ns))
    return f"; {' and '.join(parts)} are needed" if parts else ""


def _failing_words(told: Told) -> str:
    """That it fails still, since when and how often."""
    attempts, case = told.attempts, told.subject.case
    if attempts.failures:
        last = _clock(attempts.last_ns or attempts.since_ns)
        spared = f"; {attempts.stragglers:,} more on older revisions do not count" if attempts.stragglers else ""
        return (
            f"{attempts.failures:,} of {attempts_words(case, attempts.attempts)} failed since {told.since}, the last "
            f"at {last}{spared}."
        )
    names = [name for name in case.revisions if name]
    on = f" on {_short(names[-1], told)}" if names else ""
    idle = f"; {_short(told.idle, told)} is ready and takes no traffic" if told.idle else ""
    return (
        f"it fails still, last at {_clock(int(case.times_ns[-1]))}{on}, and nothing is known to have mended it{idle}."
    )


def _rate_statement(told: Told) -> str:
    subject, criterion = told.subject, told.subject.criterion
    if criterion.kind == "faster than":
        return f"{(criterion.quantile or 0):.0%} of {subject.what} take less than {criterion.limit:,.0f} ms"
    limit = chance_words(criterion.limit or 0.0)
    if criterion.kind == "event follows":
        return f"{criterion.event} follows {criterion.route}, missing after fewer than {limit}"
    if criterion.kind == "field present":
        return f"{criterion.event} has {criterion.field}, but for fewer than {limit}"
    return f"fewer than {limit} of {attempts_words(subject.case, None)} fail with {subject.what}"


def _bad_words(subject: Subject) -> str:
    kind: Literal["no failures", "rate below", "faster than", "event follows", "field present"] = subject.criterion.kind
    if kind == "faster than":
        return f"took longer than {subject.slow_ns / _MS:,.0f} ms"
    return {"event follows": "had no event", "field present": "had no such field"}.get(kind, "failed")


def _unasked_words(since: Attempts) -> str:
    return f"; {' and '.join(since.unasked)} {_was(since.unasked)} not asked since" if since.unasked else ""


def _was(names: tuple[str, ...]) -> str:
    return "was" if len(names) == 1 else "were"


def _until(told: Told) -> str:
    return "then" if told.fix is None else "the change"


def _short(revision: str, told: Told) -> str:
    return revision.removeprefix(f"{plain_name(told.subject.case.service)}-")


def _clock(at_ns: int) -> str:
    """`09-14 20:33`, in UTC."""
    return format_ns(at_ns)[5:16].replace("T", " ")
