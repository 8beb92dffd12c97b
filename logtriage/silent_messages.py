"""Messages of what no log and no incident tells: operations that became slower, events that stay away. No I/O.

One message for what one revision did to one service, else for what began at the same moment: twenty slow operations are
one thing to look at.
"""

from collections.abc import Sequence
from typing import TypeVar

from classifiers.findings import Absence, Hypothesis, Latency, Priority
from logtriage.absence_view import absence_rows
from logtriage.commands import BLAMED, compare_line
from logtriage.escape import plain
from logtriage.latency_view import latency_rows, slowed_words
from logtriage.lines import Line, changed_words
from logtriage.lookup import Lookup
from logtriage.message import OVER_SIGN, SIGNS, Message
from logtriage.verdict_rows import CAUSES
from logtriage.wording import clock, join_words, plural, sure_word

__all__ = ["silent_messages"]

_Found = TypeVar("_Found", Absence, Latency)
_TOGETHER_NS = 900_000_000_000  # what nobody is blamed for and began within it is told together
_SHOWN = 6
_NAMED = 3


def silent_messages(lookup: Lookup, footer: str, lowest: Priority) -> tuple[Message, ...]:
    """Events that stay away first, then what is slow; nothing that an incident tells, or below the lowest priority."""
    findings = lookup.findings
    absent = _together([one for one in findings.absent_events if lookup.incident_of(one.id) is None])
    slower = _together([one for one in findings.latency if lookup.incident_of(one.id) is None])
    return (
        *(_missing(_rank(group), group, lookup, footer) for group in sorted(absent, key=_rank)
          if _rank(group) <= lowest),
        *(_slower(group, lookup, footer) for group in slower if _rank(group) <= lowest),
    )  # fmt: skip


def _rank(group: Sequence[Absence] | Sequence[Latency]) -> Priority:
    """The highest of those told together."""
    return min(one.priority for one in group)


def _together(found: Sequence[_Found]) -> list[Sequence[_Found]]:
    """Those that one revision did to one service together, and those that nobody is blamed for by their moment.

    What is over and what goes on is told apart.
    """
    groups: list[list[_Found]] = []
    for one in sorted(found, key=_onset_ns):
        near = next((group for group in groups if _is_one(group[0], one)), None)
        if near is None:
            groups.append([one])
        else:
            near.append(one)
    return [tuple(group) for group in groups]


def _is_one(first: Absence | Latency, other: Absence | Latency) -> bool:
    blamed, also = first.attribution, other.attribution
    if first.is_ongoing != other.is_ongoing or (blamed is None) != (also is None):
        return False
    if blamed is None or also is None:
        return first.project == other.project and _onset_ns(other) - _onset_ns(first) <= _TOGETHER_NS
    return (first.service, blamed.service, blamed.revision) == (other.service, also.service, also.revision)


def _onset_ns(one: Absence | Latency) -> int:
    return one.onset.at_ns if one.onset else 0


def _missing(rank: Priority, group: Sequence[Absence], lookup: Lookup, footer: str) -> Message:
    first = group[0]
    names = join_words((plain(one.event, 80) + (f" lacks {plain(one.field, 60)}" if one.field else "")
                        for one in group), _NAMED)  # fmt: skip
    verb = "" if first.field else (" no longer arrives" if len(group) == 1 else " no longer arrive")
    rows = absence_rows(group, (), lookup)
    return _message(rank, group, f"{names}{verb}", rows, lookup, footer)


def _slower(group: Sequence[Latency], lookup: Lookup, footer: str) -> Message:
    first = group[0]
    what = f"{plain(first.operation, 100) if first.operation else 'all operations'} slower{slowed_words(first)}"
    more = len(group) - 1
    what += f" and {plural(more, 'other operation')}" if more else ""
    return _message(_rank(group), group, what, latency_rows(group, lookup), lookup, footer)


def _message(
    rank: Priority, group: Sequence[Absence] | Sequence[Latency], what: str,
    rows: Sequence[tuple[str, str]], lookup: Lookup, footer: str,
) -> Message:  # fmt: skip
    """`rows`: title and detail of each finding of the group, the first one's before those of the others."""
    first = group[0]
    kind = "slower" if isinstance(first, Latency) else "absent"
    is_over = not first.is_ongoing
    is_old = not is_over and _onset_ns(first) < lookup.findings.window.start_ns
    state = "resolved" if is_over else ("ongoing" if is_old else "new")
    when = f" since {clock(first.onset.at_ns, lookup.near)} UTC" if first.onset and not is_over else ""
    blamed = first.attribution
    lines = _cause_lines(first, lookup)
    told = [f"{title}: {detail}" if detail else title for title, detail in rows if title not in CAUSES]
    lines += [Line("SEEN" if not at else "", text) for at, text in enumerate(told[:_SHOWN])]
    lines += [Line("", f"{len(told) - _SHOWN} more lines in the report")] if len(told) > _SHOWN else []
    lines += [Line("SURE", sure_word(blamed.confidence))] if blamed else []
    names = sorted(_named(one) for one in group)
    return Message(
        key=f"{kind}:{first.project}:{first.service}:{names[0]}:{'over' if is_over else 'ongoing'}",
        sign=OVER_SIGN if is_over else SIGNS[rank],
        headline=f"{rank} {state} · {plain(first.service, 80)} · {what}{when}",
        lines=tuple(lines),
        command=compare_line(blamed, lookup) if blamed else "",
        footer=footer,
    )


def _cause_lines(first: Absence | Latency, lookup: Lookup) -> list[Line]:
    blamed = first.attribution
    if blamed is not None:
        label = "CHANGE" if blamed.confidence >= BLAMED else "MAYBE"
        return [Line(label, changed_words(first.service, _onset_ns(first), blamed, lookup))]
    best: Hypothesis | None = max(first.hypotheses, key=lambda rival: rival.confidence, default=None)
    told = f"no revision blamed: {plain(best.statement, 400)}" if best else "no revision blamed"
    return [Line("CAUSE", told)]


def _named(one: Absence | Latency) -> str:
    if isinstance(one, Latency):
        return one.operation or ""
    return f"{one.event}/{one.field}" if one.field else one.event
