"""The words of a revision timeline: services as lanes, what each revision was asked, and what happened. No I/O."""

from msgspec import Struct

from classifiers.drawn import Lane, LaneMark, LaneRevision, Lanes
from collector.window import NS_PER_S, format_ns
from logtriage.escape import plain
from logtriage.wording import Near, clock, plural, short_revision

__all__ = ["LaneRow", "LaneView", "LanesView", "MarkView", "view_lanes"]

_DAY_NS = 86_400 * NS_PER_S
_TICKS = 4
_UNITS = {"requests": "request", "traces": "trace", "minutes": "instance minute"}
_MARKS = {"deployed": "deployed", "failed deploy": "deploy failed", "rolled back": "rolled back to"}


class MarkView(Struct, frozen=True):
    """A moment: `place` from 0 to 1 over the width, `at` for Mermaid."""

    place: float
    at: str
    words: str
    kind: str


class LaneRow(Struct, frozen=True):
    """One revision: `bars` are what it was asked in each column, as a share of the most of its lane."""

    words: str
    title: str
    bars: tuple[float, ...]
    is_bad: bool
    is_good: bool
    deployed: float | None
    first: str
    last: str


class LaneView(Struct, frozen=True):
    """One service; `marks` are failed deploys and roll-backs."""

    name: str
    rows: tuple[LaneRow, ...]
    marks: tuple[MarkView, ...]
    more: str


class LanesView(Struct, frozen=True):
    """All lanes on one axis."""

    lanes: tuple[LaneView, ...]
    onset: MarkView | None
    between: tuple[float, float]  # where the onset lies in about 95 % of all cases
    ticks: tuple[MarkView, ...]
    axis: str
    caption: str


def view_lanes(lanes: Lanes) -> LanesView:
    """The timeline in words; texts are plain, times UTC."""
    span = lanes.columns * lanes.column_ns
    near = Near("" if span > _DAY_NS else format_ns(lanes.start_ns + span - 1)[:10], format_ns(lanes.start_ns)[:4])
    axis = _Axis(lanes, near)
    onset = None
    if lanes.onset_ns is not None and lanes.start_ns <= lanes.onset_ns < lanes.start_ns + span:
        onset = axis.mark(lanes.onset_ns, f"began {clock(lanes.onset_ns, near)}", "onset")
    edges = [lanes.onset_ns if at is None else at for at in (lanes.earliest_ns, lanes.latest_ns)]
    ticks = [lanes.start_ns + span * at // _TICKS for at in range(_TICKS)]
    return LanesView(
        lanes=tuple(_lane(lane, axis) for lane in lanes.lanes),
        onset=onset,
        between=(axis.place(edges[0] or 0), axis.place(edges[1] or 0)) if onset else (0.0, 0.0),
        ticks=tuple(axis.mark(at, clock(at, near), "tick") for at in ticks),
        axis="%m-%d" if span > 3 * _DAY_NS else "%H:%M",
        caption=f"A column is {plural(lanes.column_ns // (60 * NS_PER_S), 'minute')}, times UTC.",
    )


class _Axis(Struct, frozen=True):
    lanes: Lanes
    near: Near

    def place(self, at_ns: int) -> float:
        share = (at_ns - self.lanes.start_ns) / (self.lanes.columns * self.lanes.column_ns)
        return min(1.0, max(0.0, share))

    def mark(self, at_ns: int, words: str, kind: str) -> MarkView:
        return MarkView(self.place(at_ns), _minute(at_ns), words, kind)


def _minute(at_ns: int) -> str:
    return format_ns(at_ns)[:16]


def _lane(lane: Lane, axis: _Axis) -> LaneView:
    most = max((many for one in lane.revisions for many in one.asked), default=0) or 1
    deployed = {mark.revision: mark for mark in lane.marks if mark.kind == "deployed"}
    others = [mark for mark in lane.marks if mark.kind != "deployed"]
    return LaneView(
        name=plain(lane.service, 80),
        rows=tuple(_row(one, lane, deployed.get(one.revision), axis, most) for one in lane.revisions),
        marks=tuple(axis.mark(mark.at_ns, _mark_words(mark, lane, axis), mark.kind) for mark in others),
        more=f"{plural(lane.left_out, 'more revision')} not drawn" if lane.left_out else "",
    )


def _mark_words(mark: LaneMark, lane: Lane, axis: _Axis) -> str:
    kind = _MARKS.get(mark.kind, mark.kind)
    return f"{kind} {short_revision(mark.revision, lane.service)} {clock(mark.at_ns, axis.near)}"


def _row(one: LaneRevision, lane: Lane, deployed: LaneMark | None, axis: _Axis, most: int) -> LaneRow:
    name, total = short_revision(one.revision, lane.service), sum(one.asked)
    words = [name, *([one.verdict] if one.verdict else []), plural(total, _UNITS[lane.unit])]
    words += [f"since {clock(deployed.at_ns, axis.near)}"] if deployed else []
    used = [at for at, many in enumerate(one.asked) if many] or [0]
    start, column = axis.lanes.start_ns, axis.lanes.column_ns
    return LaneRow(
        words=", ".join(words),
        title=f"{plain(one.revision, 120)}: {plural(total, _UNITS[lane.unit])} in this time",
        bars=tuple(many / most for many in one.asked),
        is_bad=one.verdict == "blamed",
        is_good=one.verdict == "good",
        deployed=axis.place(deployed.at_ns) if deployed else None,
        first=_minute(start + used[0] * column),
        last=_minute(start + (used[-1] + 1) * column),
    )
