"""Blindness in words: since when, what is not seen, what to do; in the headline, and beside a verdict. No I/O."""

from classifiers.blind import Blindness
from classifiers.findings import Findings, Onset
from logtriage.escape import plain
from logtriage.lines import Line
from logtriage.wording import Near, clock, join_words, span_words

__all__ = ["blind_lines", "blind_now", "blind_rows", "blind_words", "what_of", "when_of"]

_SENTENCE = 500
_NAMED = 3
_WHATS = {
    "stopped": "logtriage did not run",
    "receiver": "the receiver",
    "clock": "the clock is wrong",
    "store": "the store",
    "disk": "the disk",
}


def blind_rows(findings: Findings, near: Near) -> tuple[tuple[str, str], ...]:
    """Each spell: when, and what it is with what to do."""
    return tuple((when_of(one, near, findings.window.end_ns), _note(one)) for one in findings.blindness)


def blind_now(findings: Findings) -> tuple[Blindness, ...]:
    """What lasts at the end of the window, hides rows and is worth a word in a headline."""
    return tuple(one for one in findings.blindness if one.until_ns is None and one.hides and one.is_news)


def blind_words(findings: Findings, near: Near) -> str:
    """`BLIND since 00:12 (logs)`; "" where nothing of that kind lasts."""
    now = blind_now(findings)
    if not now:
        return ""
    whats = join_words(dict.fromkeys(what_of(one) for one in now), _NAMED)
    return f"BLIND since {clock(min(one.since_ns for one in now), near)} ({whats})"


def when_of(one: Blindness, near: Near, end_ns: int) -> str:
    """`since 00:12, for 3 h 20 min`, or `00:12 to 03:40`."""
    began = clock(one.since_ns, near)
    if one.until_ns is None:
        return f"since {began}, for {span_words(end_ns - one.since_ns)}"
    ended = clock(one.until_ns, near)
    return f"at {began}" if ended == began else f"{began} to {ended}"


def what_of(one: Blindness) -> str:
    """What is not seen, in a word or two."""
    if one.kind in _WHATS:
        return _WHATS[one.kind]
    subject = plain(one.subject, 60)
    return {"job": f"job {subject}", "channel": f"channel {subject}"}.get(one.kind, subject or "all services")


def blind_lines(findings: Findings, onset: Onset | None, near: Near) -> tuple[Line, ...]:
    """That a verdict on the time from an onset on rests on less than all rows: what was blind then."""
    end_ns = findings.window.end_ns
    since_ns = onset.earliest_ns if onset else findings.window.start_ns
    hiding = [
        one
        for one in findings.blindness
        if one.hides and one.overlaps(since_ns, end_ns) and (one.until_ns is None or one.is_lost)
    ]
    told = [f"{when_of(one, near, end_ns)}: {plain(one.sentence, _SENTENCE)}" for one in hiding]
    return tuple(Line("" if at else "BLIND", text) for at, text in enumerate(told))


def _note(one: Blindness) -> str:
    todo = plain(one.todo, _SENTENCE)
    do = f"; do: {todo[:1].lower()}{todo[1:]}" if todo else ""
    return f"{plain(one.sentence, _SENTENCE)}{do}"
