"""A revision timeline as SVG: a strip of bars a revision, deploys and the onset across all; as wide as its container.

Places along the time are in percent, letters in pixels, so that it reads the same at any width.
"""

from logtriage.diagrams.lanes_view import LaneRow, LanesView, LaneView, MarkView
from logtriage.diagrams.svg import fluid_document, number, text, title

__all__ = ["svg_lanes"]

_TOP, _AXIS = 34.0, 26.0
_LANE_HEAD, _WORDS, _STRIP, _APART = 22.0, 16.0, 18.0, 10.0
_MARK_ROW = 18.0
_RIGHT = 0.6  # from this share on a text stands left of its place


def svg_lanes(view: LanesView, *, name: str, heading: str = "Revisions and their traffic") -> str:
    """The picture; `name` is unique on the page and makes the ids."""
    body: list[str] = []
    top = _TOP
    for lane in view.lanes:
        rows, top = _lane(lane, top)
        body += rows
    body += _axis(view, top)
    told = [view.caption, *(f"{view.onset.words}." for _ in [0] if view.onset), *_sentences(view)]
    return fluid_document(name, heading, told, [*_onset(view, top), *body], top + _AXIS)


def _lane(lane: LaneView, top: float) -> tuple[list[str], float]:
    parts = [text(0, top + 14, lane.name, kind="lt-strong")]
    top += _LANE_HEAD
    for row in lane.rows:
        parts.append(_row(row, top))
        top += _WORDS + _STRIP + _APART
    for mark in lane.marks:
        parts.append(_mark(mark, top))
        top += _MARK_ROW
    if lane.more:
        parts.append(text(0, top + 8, lane.more, kind="lt-quiet"))
        top += _MARK_ROW
    return parts, top + _APART


def _row(row: LaneRow, top: float) -> str:
    """The words of a revision, and below them what it was asked."""
    fill = "lt-badfill" if row.is_bad else "lt-goodfill" if row.is_good else "lt-quietfill"
    look = "lt-badfill" if row.is_bad else "lt-goodfill" if row.is_good else ""
    foot = top + _WORDS + _STRIP
    width = 100 / max(1, len(row.bars))
    bars = "".join(_bar(at * width, width, share, foot) for at, share in enumerate(row.bars) if share)
    deployed = ""
    if row.deployed is not None:
        x = _percent(row.deployed)
        deployed = (
            f'<line class="lt-plain" x1="{x}" x2="{x}" y1="{number(top + _WORDS - 1)}" y2="{number(foot)}"/>'
            f'<circle class="lt-fill" cx="{x}" cy="{number(top + _WORDS)}" r="3"/>'
        )
    return (
        f"<g>{title(row.title)}{text(0, top + 12, row.words, kind=f'lt-halo {look}'.strip())}"
        f'<line class="lt-rule" x1="0" x2="100%" y1="{number(foot)}" y2="{number(foot)}"/>'
        f'<g class="{fill}">{bars}</g>{deployed}</g>'
    )


def _bar(x: float, width: float, share: float, foot: float) -> str:
    tall = max(1.5, share * _STRIP)
    return f'<rect x="{x:.2f}%" y="{number(foot - tall)}" width="{width * 0.92:.2f}%" height="{number(tall)}"/>'


def _mark(mark: MarkView, top: float) -> str:
    """A failed deploy or a roll-back: a sign at its time, its words beside it."""
    sign = "\u00d7" if mark.kind == "failed deploy" else "\u21a9"
    is_left = mark.place > _RIGHT
    words = f"{mark.words} {sign}" if is_left else f"{sign} {mark.words}"
    return text(_percent(mark.place), top + 12, words, kind="lt-halo", anchor="end" if is_left else "")


def _onset(view: LanesView, foot: float) -> list[str]:
    if view.onset is None:
        return []
    x = _percent(view.onset.place)
    first, last = view.between
    is_left = view.onset.place > _RIGHT
    wide, tall = _percent(max(0.0, last - first)), number(foot - 16)
    return [
        f'<rect class="lt-shade" x="{_percent(first)}" y="16" width="{wide}" height="{tall}"/>',
        f'<line class="lt-lost" x1="{x}" x2="{x}" y1="16" y2="{number(foot)}"/>',
        text(x, 12, view.onset.words, kind="lt-badtext", anchor="end" if is_left else ""),
    ]


def _axis(view: LanesView, top: float) -> list[str]:
    parts = [f'<line class="lt-rule" x1="0" x2="100%" y1="{number(top)}" y2="{number(top)}"/>']
    for tick in view.ticks:
        x = _percent(tick.place)
        parts.append(f'<line class="lt-rule" x1="{x}" x2="{x}" y1="{number(top)}" y2="{number(top + 5)}"/>')
        parts.append(text(x, top + 18, tick.words, kind="lt-quiet"))
    return parts


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"


def _sentences(view: LanesView) -> list[str]:
    told = []
    for lane in view.lanes:
        told += [f"{lane.name}: {row.words}." for row in lane.rows]
        told += [f"{lane.name}: {mark.words}." for mark in lane.marks]
    return told
