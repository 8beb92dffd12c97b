"""Combined: the state of an incident out of those of its members. No I/O.

It is over when its root is, and every member that matters: what all but follows from others does not hold it open. It
is muted where every signature that still fails is.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from classifiers.findings import Findings
from classifiers.followed import Mute
from classifiers.lifecycle.back import day_clock
from classifiers.lifecycle.judging import Judged
from classifiers.lifecycle.stories import Story
from classifiers.states import State

__all__ = ["Combined", "combine"]

_NAMED = 2
_TITLE = 60
_ASKED = 0.5  # of a request, trace or minute in a bin: less is none


class Combined(Struct, frozen=True):
    """State of a whole incident, why, since when, and the revision that mended it or brought it back."""

    state: State
    sure: float | None
    statement: str
    at_ns: int
    revision: str
    onset_ns: int


def combine(judged: Sequence[Judged], story: Story | None, findings: Findings, *, parted: str = "") -> Combined:
    """The state of an incident; `judged` are its members, the root first."""
    root = judged[0]
    onset_ns = _onset(judged, story)
    muted = _muted(judged, findings)
    if muted is not None:
        return Combined("muted", None, f"muted until {day_clock(muted.until_ns)}", muted.made_at_ns, "", onset_ns)
    if story is not None and _stands(root, story, findings):
        told = f"{_course(root)}: told no more until its rate changes"
        at_ns = story.last.at_ns if story.last.state == "standing" else findings.window.end_ns
        return Combined("standing", None, told, at_ns, "", onset_ns)
    going = [
        one for one in judged if not one.is_over and (one is root or not one.seen.is_explained or not one.is_silent)
    ]
    if story is not None and story.last.state == "resolved":  # what failed before it was over is no return
        going = [one for one in going if one.last_ns > max(story.last.last_failure_ns, story.last.at_ns)]
        if not going:
            last = story.last
            return Combined("resolved", last.sure, last.statement, last.at_ns, last.revision, onset_ns)
    if root.is_over and not going:
        sures = [one.sure for one in judged if one.is_over and one.sure is not None]
        return Combined("resolved", min(sures, default=None), root.statement, root.at_ns, root.revision, onset_ns)
    before = story.last if story else None
    leading = root if root in going else going[0]
    back = next((one for one in going if one.state == "regressed"), None)
    if before is not None and before.state == "resolved":
        one = back or leading
        return Combined("regressed" if back else "ongoing", None, one.statement, one.at_ns, one.revision, onset_ns)
    state: State = before.state if before and before.state in {"new", "ongoing", "regressed"} else leading.state
    statement = _goes_on(judged, going, leading)
    if before is not None and before.state == "muted":
        woken = next((one for one in findings.mutes if _wakes(one, judged)), None)
        state = "new" if woken else "ongoing"
        variant = f"a variant that was not muted wakes it{f': {woken.news}' if woken.news else ''}" if woken else ""
        statement = f"{variant or 'the mute is over'}; {statement}"
    if parted:
        state, statement = "ongoing", f"it was told as part of another incident until now; {statement}"
    kept = before is not None and before.state == state
    at_ns = before.at_ns if before and kept else leading.at_ns
    return Combined(state, None, statement, at_ns, before.revision if before and kept else leading.revision, onset_ns)


def _stands(root: Judged, story: Story, findings: Findings) -> bool:
    """It fails as it always did; once that was told, until its rate changes after that."""
    last = story.last
    if last.state == "standing":
        seen = root.seen
        is_change = seen.case is None or seen.case.fit.is_change
        return seen.onset_ns <= last.at_ns or seen.state not in {"new", "ongoing"} or not is_change
    return last.state != "resolved" and any(one.id == root.seen.id for one in findings.standing)


def _course(root: Judged) -> str:
    """Since when it fails as it does: it began where it was asked before for longer than it ever paused since.

    What may have been pausing then is as old as all that is compared.
    """
    case = root.seen.case
    if case is None or not case.units:
        return "it fails as it always did"
    exposed = np.flatnonzero(case.held.total >= _ASKED)
    first_ns = int(case.times_ns[0])
    timeline = case.grid.timeline
    asked_ns = timeline.start_ns + int(exposed[0]) * timeline.bin_ns if exposed.size else first_ns
    longest_ns = int(np.diff(case.times_ns).max(initial=0))
    if first_ns - asked_ns <= longest_ns:
        return "it fails as it always did"
    return f"it goes on as it has since {day_clock(first_ns)}"


def _onset(judged: Sequence[Judged], story: Story | None) -> int:
    """Of this episode: since it came back last, else since it was told first, or before that as later rows tell."""
    if story is None:
        return judged[0].seen.onset_ns
    if story.last.state == "resolved":
        return min((one.at_ns for one in judged if one.state == "regressed"), default=story.last.onset_ns)
    return story.last.onset_ns


def _goes_on(judged: Sequence[Judged], going: Sequence[Judged], leading: Judged) -> str:
    """What of it is over and what is not, where that differs."""
    over = [one for one in judged if one.is_over]
    silent = [one for one in going if one.is_silent]
    failing = [one for one in going if not one.is_silent]
    told = (leading if leading in (failing or silent) else failing[0]).statement
    parts = [("over", over), ("not proven over", silent), ("goes on", failing)]
    named = [f"{what}: {_names(some)}" for what, some in parts if some]
    return f"{'; '.join(named)}: {told}" if len(named) > 1 else told


def _names(some: Sequence[Judged]) -> str:
    told = [f"{one.seen.service} {one.seen.title[:_TITLE]}" for one in some[:_NAMED]]
    left = len(some) - len(told)
    return ", ".join([*told, *([f"{left} more"] if left else [])])


def _muted(judged: Sequence[Judged], findings: Findings) -> Mute | None:
    """The mute that puts all of it away that is not over."""
    holding = [one for one in findings.mutes if one.until_ns > findings.window.end_ns]
    holding = [one for one in holding if not one.is_lifted and not one.woken_by]
    away = {one.id for one in (*findings.muted, *findings.muted_silent)}
    left = [one for one in judged if not one.is_over]
    found = [next((mute for mute in holding if _covers(mute, one)), None) for one in left]
    known = [one for one in found if one is not None]
    is_away = all(mute is not None or one.seen.id in away for mute, one in zip(found, left, strict=True))
    return min(known, key=lambda one: one.until_ns) if known and is_away else None


def _covers(mute: Mute, one: Judged) -> bool:
    """It puts a member away: it says so, or has all of its signatures."""
    seen = one.seen
    is_there = (mute.project, mute.service) == (seen.project, seen.service)
    return seen.id in mute.finding_ids or (is_there and set(seen.signature_ids) <= set(mute.signature_ids))


def _wakes(mute: Mute, judged: Sequence[Judged]) -> bool:
    """It was woken by a member."""
    own = set(mute.signature_ids)
    return bool(mute.woken_by) and any(
        one.seen.id in mute.finding_ids or own & set(one.seen.signature_ids) for one in judged
    )
