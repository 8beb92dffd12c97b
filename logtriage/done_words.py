"""What must hold before something counts as mended, and how far it is, in one line. No I/O."""

from classifiers.findings import Findings
from classifiers.followed import Criterion, Verification
from logtriage.escape import plain
from logtriage.wording import span_words

__all__ = ["about_words", "counted_words", "done_words"]

_WITHOUT = " pass without "
_STATEMENT = 160  # characters of a statement: it names routes and a title


def done_words(finding_id: str, findings: Findings) -> tuple[str, ...]:
    """`when 30 requests to POST /pay pass without it   now 0/30`, one for each criterion of a finding.

    What fails is named above, in full, and is not told again.
    """
    return tuple(_done(one) for one in findings.verifications if one.criterion.finding_id == finding_id)


def counted_words(one: Verification) -> str:
    """`12/30`, `3 of 40 failed`."""
    if one.failures:
        return f"{one.failures:,} of {one.attempts:,} failed"
    return f"{one.attempts:,}" if one.needed is None else f"{one.attempts:,}/{one.needed:,}"


def about_words(one: Verification) -> str:
    """When it may hold, once it no longer fails; "" where that is not known."""
    if one.verdict in {"VERIFIED", "NOT TESTABLE"} or not one.about_ns:
        return ""
    return f"about {span_words(one.about_ns)} at today's traffic"


def _short(criterion: Criterion) -> str:
    """The statement, `it` for the failure that stands in the headline above; one of config.yaml as it is written."""
    passing, without, _ = criterion.statement.partition(_WITHOUT)
    is_own = criterion.kind == "no failures" and not criterion.is_declared
    return f"{passing}{without}it" if is_own and without else criterion.statement


def _done(one: Verification) -> str:
    statement = plain(_short(one.criterion), _STATEMENT)
    if one.verdict == "VERIFIED":
        return f"verified: {statement}   {counted_words(one)} since {plain(one.since, 80)}"
    if one.verdict == "NOT TESTABLE":
        return f"when {statement}   not testable: {plain(one.why, _STATEMENT)}"
    about = about_words(one)
    return f"when {statement}   now {counted_words(one)}{f', {about}' if about else ''}"
