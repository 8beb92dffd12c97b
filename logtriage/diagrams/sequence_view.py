"""The words of a sequence: what each arrow says, as it was and as it is, and what became of the steps. No I/O."""

from math import sqrt
from typing import Literal

from msgspec import Struct

from classifiers.compare import ALPHA
from classifiers.drawn import Sequence, SequenceSide, SequenceStep, StepCount
from logtriage.escape import plain, shorten
from logtriage.latency_view import took_words
from logtriage.wording import plural, short_revision

__all__ = ["Arrow", "ChangeRow", "SequenceView", "SideView", "view_sequence"]

Mark = Literal["plain", "lost", "new", "bad", "gone", "blank"]
_FAILS = 0.1
_LEAST_RATIO = 1.5
_Z = 1.96  # of an interval of 95 %
_OPERATION, _NAME, _TEXT = 90, 60, 60
_CALLER = "caller"
_TAGS = {"fewer": "RARER", "more": "OFTENER", "fails": "FAILS", "slower": "SLOWER"}
_TOLD = {"lost": "lost", "new": "new", "fewer": "rarer", "more": "more often", "fails": "fails", "slower": "slower"}


class Arrow(Struct, frozen=True):
    """A step on one side, by places of participants; `blank` ones only keep the height of what the other side has.

    gone: a step that this side lost. `tag` is one word on what became of it. `title` tells it in full.
    """

    caller: int
    callee: int
    tag: str
    label: str
    note: str
    mark: Mark
    is_line: bool
    skipped: int
    title: str


class SideView(Struct, frozen=True):
    """One of both pictures."""

    heading: str
    caption: str
    arrows: tuple[Arrow, ...]


class ChangeRow(Struct, frozen=True):
    """A step that changed: what became of it, which it is, its counts on both sides, and traces that have it."""

    course: str
    step: str
    before: str
    since: str
    traces: str


class SequenceView(Struct, frozen=True):
    """Both sides with the same participants and as many arrows; `more` steps are left out behind the last."""

    participants: tuple[str, ...]
    was: SideView
    now: SideView
    more: int
    left_out: str
    changes: tuple[ChangeRow, ...]


def view_sequence(sequence: Sequence) -> SequenceView:
    """Both sides in words; texts are plain."""
    names = tuple(plain(name, _NAME) or _CALLER for name in sequence.participants)
    was = tuple(_arrow(step, sequence, names, is_now=False) for step in sequence.steps)
    now = tuple(_arrow(step, sequence, names, is_now=True) for step in sequence.steps)
    return SequenceView(
        participants=names,
        was=SideView(*_heads("As it was", sequence.before, sequence), was),
        now=SideView(*_heads("As it is", sequence.after, sequence), now),
        more=sequence.skipped - sum(step.skipped for step in sequence.steps),
        left_out=_left_out(sequence),
        changes=tuple(_change(step, sequence, names) for step in sequence.steps if course_of(step) != "kept"),
    )


def course_of(step: SequenceStep) -> str:
    """What became of a step; one that is there as before may fail, or take longer."""
    if step.course != "kept":
        return step.course
    before, after = step.before, step.after
    if after.fails >= _FAILS and after.fails >= _LEAST_RATIO * before.fails:
        return "fails"
    is_slower = before.p50_ns and after.p50_ns and after.p50_ns >= _LEAST_RATIO * before.p50_ns
    return "slower" if is_slower and (after.p50_ns or 0) - (before.p50_ns or 0) >= 50e6 else "kept"  # noqa: PLR2004 - 50 ms


def _heads(name: str, side: SequenceSide, sequence: Sequence) -> tuple[str, str]:
    which = {
        "all": "", "not failed": " that did not fail", "failed": " that failed", "slow": " that were slow",
        "with the event": " with the event", "without the event": " without the event",
    }[side.which]  # fmt: skip
    revision = short_revision(side.revision, sequence.service)
    told = "steps are from request logs and lines, not from spans; " if sequence.basis == "lines" else ""
    return (
        f"{name}: {revision}",
        f"{plural(side.traces, 'trace')}{which}; {told}drawn is the most typical, {plain(side.trace, 80)}",
    )


def _left_out(sequence: Sequence) -> str:
    told = [plural(sequence.skipped, "more step")] if sequence.skipped else []
    told += [plural(sequence.gaps, "more participant")] if sequence.gaps else []
    return f"{' and '.join(told)} not drawn, which tell less" if told else ""


def _arrow(step: SequenceStep, sequence: Sequence, names: tuple[str, ...], *, is_now: bool) -> Arrow:
    count, side = (step.after, sequence.after) if is_now else (step.before, sequence.before)
    course = course_of(step)
    label = plain(step.operation, _OPERATION)
    title = f"{_who(step, names)}: {plain(step.operation, 300)}; {_side_words(count, side.traces)}"
    title += f"; traces {', '.join(plain(trace, 80) for trace in step.trace_ids)}" if step.trace_ids else ""
    mark, tag = _mark(step, course, is_now=is_now)
    note = "" if mark == "blank" else _note(count, side.traces)
    return Arrow(step.caller, step.callee, tag, label, note, mark, step.kind == "line", step.skipped, title)


def _mark(step: SequenceStep, course: str, *, is_now: bool) -> tuple[Mark, str]:
    """How an arrow is drawn, and the word before its label."""
    maybe = "perhaps " if step.p_value > ALPHA and course in {"lost", "new"} else ""
    if course == "lost":
        return ("gone", f"{maybe}LOST") if is_now else ("lost", f"{maybe}LOST SINCE")
    if course == "new":
        fails = step.after.fails >= _FAILS
        return ("bad" if fails else "new", f"{maybe}NEW") if is_now else ("blank", "")
    if not is_now:
        return "plain", ""
    if course == "fails" or step.after.fails >= max(_FAILS, _LEAST_RATIO * step.before.fails):
        return "bad", _TAGS["fails"]
    return "plain", _TAGS.get(course, "")


def _note(count: StepCount, traces: int) -> str:
    """`104/105 traces, p50 1.8 s`, `140/140, failed in 140: 502 Internal, p50 30 s`."""
    told = [f"{count.traces:,}/{traces:,}"]
    if count.failed:
        told.append(f"failed in {count.failed:,}" + (f": {plain(count.text, _TEXT)}" if count.text else ""))
    if count.p50_ns is not None:
        told.append(f"p50 {took_words(count.p50_ns)}")
    return ", ".join(told)


def _side_words(count: StepCount, traces: int) -> str:
    low, high = _interval(count.traces, traces)
    share = f" ({low:.0%} to {high:.0%} with 95% confidence)" if 0 < count.traces < traces else ""
    failed = f", failed in {count.failed:,}" if count.failed else ""
    text = f" ({plain(count.text, _TEXT)})" if count.failed and count.text else ""
    p50 = f", p50 {took_words(count.p50_ns)}" if count.p50_ns is not None else ""
    return f"{count.traces:,} of {traces:,} traces{share}{failed}{text}{p50}"


def _interval(many: int, total: int) -> tuple[float, float]:
    """Wilson's, of 95 %."""
    if not total:
        return 0.0, 1.0
    share, square = many / total, _Z * _Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    wide = _Z * sqrt(share * (1 - share) / total + square / (4 * total * total)) / (1 + square / total)
    return max(0.0, middle - wide), min(1.0, middle + wide)


def _change(step: SequenceStep, sequence: Sequence, names: tuple[str, ...]) -> ChangeRow:
    course = course_of(step)
    maybe = "perhaps " if step.p_value > ALPHA and course in {"lost", "new"} else ""
    return ChangeRow(
        course=f"{maybe}{_TOLD[course]}",
        step=f"{_who(step, names)}: {plain(step.operation, 200)}",
        before=_side_words(step.before, sequence.before.traces),
        since=_side_words(step.after, sequence.after.traces),
        traces=", ".join(plain(trace, 80) for trace in step.trace_ids),
    )


def _who(step: SequenceStep, names: tuple[str, ...]) -> str:
    """`shop to bank`, or the one alone that does it by itself."""
    caller, callee = shorten(names[step.caller], _NAME), shorten(names[step.callee], _NAME)
    return caller if caller == callee else f"{caller} to {callee}"
