"""Notices of a digest on blindness: one when a spell begins, one when it is over. No I/O."""

from classifiers.blind import Blindness
from logtriage.blind_view import blind_now, blind_words, what_of
from logtriage.escape import plain
from logtriage.lines import Line
from logtriage.lookup import Lookup
from logtriage.message import OVER_SIGN, Message
from logtriage.wording import clock, span_words

__all__ = ["BLIND_KEY", "blind_line", "blind_notices"]

BLIND_KEY = "blind:"  # begins the key of these notices
_SIGN = "🙈"
_SENTENCE = 500
_HEADLINE = 110
_BRIEF = frozenset({"stopped", "clock"})  # nobody could be told while it lasted: its end is told by itself
_VERBS = {  # while it lasts, and when it is over
    "permission": ("may not read {}", "could not read {}"),
    "quota": ("cannot read {}: its quota is spent", "could not read {}"),
    "source": ("cannot read {}", "could not read {}"),
    "silence": ("gets nothing from {}", "got nothing from {}"),
    "lag": ("reads {} late", "read {} late"),
    "receiver": ("turns senders of spans away", "turned senders of spans away"),
    "stopped": ("does not run", "did not run"),
    "job": ("fails at {}", "failed at {}"),
    "channel": ("cannot tell {}", "could not tell {}"),
    "store": ("cannot use its store", "could not use its store"),
    "disk": ("runs out of disk", "was short of disk"),
    "clock": ("has a wrong clock", "had a wrong clock"),
    "dead": ("cannot read much of {}", "could not read much of {}"),
    "settings": ("does not use the new settings", "did not use the new settings"),
}


def blind_notices(lookup: Lookup, footer: str) -> tuple[Message, ...]:
    """What is worth a word: as it begins, and for those who were told that, as it is over."""
    return tuple(_notice(one, lookup, footer) for one in lookup.findings.blindness if one.is_news)


def blind_line(lookup: Lookup) -> Line | None:
    """That a sign of life is no sign that all is watched; None where nothing is blind."""
    words = blind_words(lookup.findings, lookup.near)
    if not words:
        return None
    kinds = "; ".join(dict.fromkeys(plain(one.sentence, 200) for one in blind_now(lookup.findings)))
    return Line("BLIND", f"{words.removeprefix('BLIND ')}: {kinds}")


def _notice(one: Blindness, lookup: Lookup, footer: str) -> Message:
    is_over = one.until_ns is not None
    lines = [Line("WAS" if is_over else "NOW", plain(one.sentence, _SENTENCE))]
    lines += [Line("DO", plain(one.todo, _SENTENCE))] if one.todo and not is_over else []
    return Message(
        key=f"{BLIND_KEY}{one.name}",
        sign=OVER_SIGN if is_over else _SIGN,
        headline=_over_words(one, lookup) if is_over else _open_words(one, lookup),
        lines=tuple(lines),
        command="",
        footer=footer,
        act="change" if is_over and one.kind not in _BRIEF else "notice",
        facts="over" if is_over else "open",
        priority="P3" if is_over else "P1" if one.hides else "P2",
        is_over=is_over,
        made_at_ns=lookup.findings.now_ns,
    )


def _open_words(one: Blindness, lookup: Lookup) -> str:
    verb = _VERBS[one.kind][0].format(what_of(one))[:_HEADLINE]
    return f"logtriage {verb} since {clock(one.since_ns, lookup.near)} UTC"


def _over_words(one: Blindness, lookup: Lookup) -> str:
    """`logtriage could not read logs from 00:12 to 03:40 UTC, for 3 h 28 min`, and what of that is not known."""
    until_ns = one.until_ns or one.since_ns
    began, ended = (clock(at, lookup.near) for at in (one.since_ns, until_ns))
    verb = _VERBS[one.kind][1].format(what_of(one))[:_HEADLINE]
    span = f"from {began} to {ended} UTC, for {span_words(until_ns - one.since_ns)}"
    when = f"at {began} UTC" if began == ended else span
    lost = "; what happened then is not known" if one.is_lost else ""
    return f"logtriage {verb} {when}{lost}"
