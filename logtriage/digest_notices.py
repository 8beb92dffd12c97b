"""Notices of a digest: a deploy that dropped keys, and a sign of life where there was nothing to say. No I/O."""

from collections.abc import Sequence

from classifiers.findings import Findings, VanishedKey
from collector.window import NS_PER_S
from logtriage.blind_notices import blind_line
from logtriage.escape import plain
from logtriage.lines import Line
from logtriage.lookup import Lookup
from logtriage.message import OVER_SIGN, Message
from logtriage.outbox import Tells
from logtriage.vanished_view import by_deploy, drop_words, error_words, key_note, present_words, restore_line
from logtriage.wording import clock, count, day_clock, plural, short_revision, span_words

__all__ = ["heartbeat", "key_notices"]

_WARNING = "🟡"
_BEAT = "💚"
_BLIND = "🙈"  # in its place: it sees not all
_KEYS_TOLD = 6  # of a deploy that dropped more, each with what it was
_KEYS_IN_HEADLINE = 3  # a headline has 150 characters in some channels
_HOUR_NS = 3600 * NS_PER_S


def key_notices(lookup: Lookup, footer: str) -> tuple[Message, ...]:
    """One warning a deploy that dropped keys, before the first failure: with failures their incident tells it.

    Keys that are all back are said so, for those who were warned.
    """
    told = []
    for every in by_deploy(lookup.findings.vanished_keys):
        missing = [key for key in every if not key.restored_in]
        open_keys = [key for key in missing if not key.errors_since]
        if open_keys:
            told.append(_warning(every[0], open_keys, lookup, footer))
        elif not missing:
            told.append(_restored(every, lookup, footer))
    return tuple(told)


def heartbeat(findings: Findings, tells: Tells, hours: float | None, footer: str) -> Message | None:
    """`nothing new since ...`, where a channel heard nothing for so many hours; None before that, or where none is due.

    It is due after the last word, whatever that was, and never at the first look.
    """
    words = [one.made_at_ns for one in tells.incidents.values()] + [made_ns for _, made_ns in tells.notices.values()]
    since_ns = max(words, default=tells.first_look_ns)
    if hours is None or since_ns is None or findings.now_ns - since_ns < hours * _HOUR_NS:
        return None
    lookup = Lookup(findings)
    going_on = sum(one.is_open for one in findings.tracked)
    until_ns = findings.coverage.complete_until_ns
    complete = f"; complete to {clock(until_ns, lookup.near)} UTC" if until_ns is not None else ""
    entries = plural(findings.coverage.entries - findings.coverage.own_entries, "entry", "entries")
    window = span_words(findings.window.end_ns - findings.window.start_ns)
    lines = [
        Line("READ", f"{entries} in {window}{complete}"),
        Line("OPEN", f"{count(going_on)} of what was told before" if going_on else "nothing"),
    ]
    blind = blind_line(lookup)
    lines += [blind] if blind else []
    seen = "Nothing new seen" if blind else "Nothing new"
    return Message(
        key="heartbeat",
        sign=_BLIND if blind else _BEAT,
        headline=f"{seen} since {day_clock(since_ns)} UTC{', but blind' if blind else ''}",
        lines=tuple(lines),
        command="",
        footer=footer,
        facts=str(findings.now_ns),
        priority="P3",
        made_at_ns=findings.now_ns,
    )


def _warning(first: VanishedKey, keys: Sequence[VanishedKey], lookup: Lookup, footer: str) -> Message:
    """`first` of all keys of the deploy names the message, so that it is sent once whatever becomes of the others."""
    revision, before = (short_revision(one, first.service) for one in (first.revision, first.previous_revision))
    is_one = len({present_words(key) for key in keys}) == 1
    told = f" ({present_words(keys[0])})" if is_one else ""
    errors = error_words(keys[0], lookup)
    drops = f"drops {drop_words(keys, _KEYS_IN_HEADLINE)}{told}. {errors.capitalize()}."
    lines = [Line("SINCE", f"{clock(first.at_ns, lookup.near)} UTC, compared with {before}")]
    for key in keys[:_KEYS_TOLD]:
        parts = (f"was {plain(key.was, 80)}" if key.was else "", key_note(key), "" if told else present_words(key))
        if any(parts):
            text = f"{plain(key.key, 80)}: {'; '.join(filter(None, parts))}"
            lines.append(Line("WAS" if len(lines) == 1 else "", text))
    return Message(
        key=_key(first),
        sign=_WARNING,
        headline=f"{plain(first.service, 80)} {revision} {drops}",
        lines=tuple(lines),
        command=restore_line([key for key in keys if not key.renamed_to]),
        footer=footer,
        facts="gone",
        project=first.project,
        service=first.service,
        made_at_ns=lookup.findings.now_ns,
    )


def _restored(keys: Sequence[VanishedKey], lookup: Lookup, footer: str) -> Message:
    first = keys[0]
    back = sorted({short_revision(key.restored_in or "", key.service) for key in keys})
    revision = short_revision(first.revision, first.service)
    names = drop_words(keys, _KEYS_IN_HEADLINE)
    verb = "is" if len(keys) == 1 else "are"
    dropped = f"dropped by {revision} at {clock(first.at_ns, lookup.near)} UTC"
    return Message(
        key=_key(first),
        sign=OVER_SIGN,
        headline=f"{plain(first.service, 80)} {names} {verb} back with {', '.join(back)}",
        lines=(Line("WAS", dropped),),
        command="",
        footer=footer,
        act="change",
        facts="back",
        project=first.project,
        service=first.service,
        priority="P3",
        is_over=True,
        made_at_ns=lookup.findings.now_ns,
    )


def _key(first: VanishedKey) -> str:
    return f"vanished:{first.service}:{first.revision}:{first.key}"
