"""An incident over looks in words: what became of it, what is over of it, what waits for proof. No I/O.

Only what earlier looks stored is told: a report over a store without them is what one look can tell.
"""

from collections.abc import Iterator

from classifiers.findings import IncidentState, Tracked
from classifiers.lifecycle.applied import is_followed
from logtriage.escape import plain
from logtriage.lines import Line
from logtriage.lookup import Lookup
from logtriage.wording import Near, clock, plural, short_revision, sure_word

__all__ = ["followed_lines", "followed_of", "history_words", "member_words", "waiting_rows"]

_VERBS = {"regressed": "back", "ongoing": "known"}
_TOLD = 4  # states of a history on one line; the oldest and the last ones
_WAITING = 3
_TITLE = 60


def followed_of(member: str, lookup: Lookup) -> Tracked | None:
    """The incident over looks that a finding is of, where an earlier look told it."""
    for one in lookup.findings.tracked:
        if is_followed(one, lookup.findings.window.end_ns) and any(it.finding_id == member for it in one.members):
            return one
    return None


def followed_lines(member: str, lookup: Lookup) -> tuple[Line, ...]:
    """STATE, what became of it and why; PAST, its history. None for what no earlier look told."""
    tracked = followed_of(member, lookup)
    if tracked is None:
        return ()
    lines = [Line("STATE", text) for text in _state(tracked, member)]
    past = history_words(tracked, lookup.near) if member == tracked.root else ""
    return (*lines, *([Line("PAST", past)] if past else []))


def history_words(tracked: Tracked, near: Near) -> str:
    """`new 20:33 · resolved 21:50 (very likely; 00007) · back 23:10 (00009)`; "" while it has one state alone."""
    changed: list[IncidentState] = []
    for row in tracked.history:
        if not changed or (row.state, row.merged_into) != (changed[-1].state, changed[-1].merged_into):
            changed.append(row)
    if len(changed) < 2:  # noqa: PLR2004 - one state is no history
        return ""
    told = [_step(row, tracked, near) for row in changed]
    if len(told) > _TOLD:
        told = [told[0], f"{len(told) - _TOLD} more", *told[1 - _TOLD :]]
    return " · ".join(told)


def member_words(tracked: Tracked, member: str) -> str:
    """`over: traffic went back to 00007`, of one member that stands otherwise than the whole; "" where it does not."""
    one = next((it for it in tracked.members if it.finding_id == member), None)
    if one is None or one.state == tracked.state:
        return ""
    return f"{'over' if one.state == 'resolved' else one.state}: {plain(one.statement, 300)}"


def waiting_rows(lookup: Lookup) -> list[tuple[str, str]]:
    """Open incidents that this window shows nothing of any more: title, and what is missing before they are over."""
    waiting = [one for one in lookup.findings.tracked if one.number is None and one.is_open]
    rows = [
        (f"{one.priority} {plain(one.service, 60)}: {plain(one.title, _TITLE)}", _waits(one, lookup.near))
        for one in sorted(waiting, key=lambda one: (one.priority, one.last_failure_ns, one.id))
    ]
    left = len(rows) - _WAITING
    more = [(f"{left} more incidents" if left > 1 else "1 more incident", "the JSON report has them")]
    return rows[:_WAITING] + (more if left > 0 else [])


def _waits(one: Tracked, near: Near) -> str:
    told = f"not seen since {clock(one.last_failure_ns, near)}"
    more = [it.more for it in one.verifications if it.verdict == "NOT YET"]
    known = [it for it in more if it]
    return f"{told}; needs {plural(max(known), 'more call', 'more calls')}" if known else f"{told}; not proven over"


def _state(tracked: Tracked, member: str) -> Iterator[str]:
    """The state in words, where it says more than the headline."""
    left = tracked.stragglers
    told = f"; {plural(left, 'straggler')} since, on revisions without traffic" if left else ""
    own = member_words(tracked, member) if member != tracked.root else ""
    if own:
        yield own
    elif tracked.state not in {"new", "ongoing"} or not tracked.statement.startswith("since ") or told:
        sure = f" ({sure_word(tracked.sure)})" if tracked.sure is not None else ""
        state = "" if tracked.state in {"new", "ongoing"} else f"{tracked.state}{sure}: "
        yield f"{state}{plain(tracked.statement, 400)}{told}"
    elif ";" in tracked.statement:
        yield plain(tracked.statement, 400)


def _step(row: IncidentState, tracked: Tracked, near: Near) -> str:
    if row.merged_into:
        return f"part of another {clock(row.at_ns, near)}"
    notes = [sure_word(row.sure)] if row.sure is not None else []
    notes += [short_revision(row.revision, tracked.service)] if row.revision else []
    told = f"{_VERBS.get(row.state, row.state)} {clock(row.at_ns, near)}"
    return f"{told} ({'; '.join(notes)})" if notes else told
