"""What is muted, in words: until when, why, how often it failed since, and what woke it or that it ended."""

from collections.abc import Iterable

from classifiers.findings import Findings
from classifiers.followed import Mute
from logtriage.escape import plain
from logtriage.lines import Line
from logtriage.wording import Near, clock, plural

__all__ = ["lifted_line", "mute_rows", "muted_lines", "woken_lines", "woken_words"]

_TITLE = 80


def mute_rows(findings: Findings, near: Near, *, is_list: bool = False) -> tuple[tuple[str, str], ...]:
    """One row a mute, as title and note: those that were woken or ended first, then those that end soonest.

    `is_list`: with the ids that `mute --lift` and `show` take; the report leaves the first to `mute --list`.
    """
    end_ns = findings.window.end_ns
    ordered = sorted(findings.mutes, key=lambda one: (one.until_ns > end_ns and not one.woken_by, one.until_ns))
    return tuple((_title(one), _note(one, end_ns, near, is_list=is_list)) for one in ordered)


def woken_lines(member: str, findings: Findings, near: Near) -> tuple[Line, ...]:
    """WOKEN of the finding that woke a mute: what it was muted as, and what is new of it."""
    woken = [one for one in findings.mutes if one.woken_by and member in one.finding_ids]
    return tuple(Line("WOKEN", f"{_title(one)} was muted; {woken_words(one, near)}") for one in woken[:1])


def woken_words(mute: Mute, near: Near) -> str:
    """`woken at 14:02 by Connection refused`: what came that a mute does not know."""
    at = f" at {clock(mute.news_ns, near)}" if mute.news_ns is not None else ""
    said = plain(mute.news, 100) or f"signature {mute.woken_by}"
    return f"woken{at} by what was not among it: {said}"


def muted_lines(mute: Mute, replaced: Iterable[Mute], near: Near) -> tuple[str, ...]:
    """What `logtriage mute` says when it is done."""
    what = plural(len(mute.signature_ids), "signature")
    lines = [
        f"Muted until {clock(mute.until_ns, near)} UTC: {_title(mute)} ({what}, mute {mute.mute_id}).",
        f"Another variant wakes it. To take it back: logtriage mute --lift {mute.mute_id}",
    ]
    old = [one.mute_id for one in replaced]
    return (*lines, *([f"It takes the place of {', '.join(old)}."] if old else []))


def lifted_line(mute: Mute) -> str:
    """What `logtriage mute --lift` says of each mute that it lifted."""
    return f"Lifted: {_title(mute)} (mute {mute.mute_id}); it is told again."


def _title(mute: Mute) -> str:
    return f"{plain(mute.service, 80) or 'no service'}: {plain(mute.title, _TITLE)}"


def _note(mute: Mute, end_ns: int, near: Near, *, is_list: bool) -> str:
    if mute.until_ns <= end_ns:
        state = f"the mute ended at {clock(mute.until_ns, near)}: what fails of it is told again"
    elif mute.woken_by:
        state = f"{woken_words(mute, near)}; muted until {clock(mute.until_ns, near)}"
    else:
        state = f"until {clock(mute.until_ns, near)}"
    ids = [plain(mute.finding_ids[0], 100)] if mute.finding_ids else []
    ids += [f"mute {mute.mute_id}"] if is_list or not ids else []
    return "; ".join(filter(None, (state, _failed(mute, near), _why(mute)))) + f" ({'; '.join(ids)})"


def _failed(mute: Mute, near: Near) -> str:
    since = f"since {clock(mute.made_at_ns, near)}"
    if mute.last_failure_ns is None:
        return f"no failure {since}" if mute.failures == 0 else ""
    return f"{plural(mute.failures, 'failure')} {since}, last {clock(mute.last_failure_ns, near)}"


def _why(mute: Mute) -> str:
    return f"why: {plain(mute.reason, 200)}" if mute.reason else ""
