"""One side of a sequence as SVG: participants beside each other, steps below each other.

Both sides of a view have rows at the same heights. A text may reach over the lifelines beside it, never over another
text; a step that the other side alone has leaves its row empty.
"""

from msgspec import Struct

from logtriage.diagrams.sequence_view import Arrow, SequenceView, SideView
from logtriage.diagrams.svg import FONT_PX, document, escaped, fitted, number, text, title, width_of, wrapped

__all__ = ["svg_sequence"]

_MARGIN = 8.0
_LEAST_WIDTH = 340.0
_GAP, _WIDEST_GAP = 112.0, 168.0
_BOX_HEIGHT, _BOX_PAD = 38.0, 6.0
_ROW, _SKIPPED_ROW, _LINE = 50.0, 26.0, 14.0
_HEAD = 7.0  # of an arrow
_LOOP = 22.0
_CLASSES = {"plain": "lt-plain", "lost": "lt-lost", "new": "lt-new", "bad": "lt-bad", "gone": "lt-gone"}
_FILLS = {"plain": "lt-fill", "lost": "lt-badfill", "new": "lt-fill", "bad": "lt-badfill", "gone": "lt-quietfill"}
_QUIET = {"gone"}
_LOUD = {"lost", "bad", "gone"}


class _Page(Struct, frozen=True):
    """Where the participants stand, and how wide it all is."""

    centres: tuple[float, ...]
    width: float


def svg_sequence(view: SequenceView, side: SideView, *, name: str) -> str:
    """The picture of one side; `name` is unique on the page and makes the ids."""
    page = _page(view)
    body, top = [], _BOX_HEIGHT + 2 * _BOX_PAD
    for arrow in side.arrows:
        if arrow.skipped:
            body.append(_skipped(arrow.skipped, top, page))
            top += _SKIPPED_ROW
        body += [] if arrow.mark == "blank" else [_step(arrow, top, page)]
        top += _ROW
    if view.more:
        body.append(_skipped(view.more, top, page))
        top += _SKIPPED_ROW
    told = [side.caption + ".", *(_sentence(arrow) for arrow in side.arrows if arrow.mark != "blank")]
    height = top + _BOX_PAD
    return document(name, side.heading, told, [*_lifelines(view, page, height), *body], (page.width, height))


def _page(view: SequenceView) -> _Page:
    """Participants as near as their names allow, over at least the width of a phone."""
    many = len(view.participants)
    widest = max((width_of(one) / 2 for one in view.participants), default=0.0)
    gap = min(_WIDEST_GAP, max(_GAP, widest + 2 * _BOX_PAD + 8))
    if many > 1:
        gap = max(gap, (_LEAST_WIDTH - 2 * _MARGIN) / many)
    edge = _MARGIN + gap / 2
    return _Page(tuple(edge + at * gap for at in range(many)), max(_LEAST_WIDTH, 2 * edge + (many - 1) * gap))


def _lifelines(view: SequenceView, page: _Page, height: float) -> list[str]:
    gap = page.centres[1] - page.centres[0] if len(page.centres) > 1 else page.width - 2 * _MARGIN
    box = gap - 8
    parts = []
    for name, x in zip(view.participants, page.centres, strict=True):
        lines = wrapped(name, box - 2 * _BOX_PAD, 2)
        first = _BOX_PAD + _BOX_HEIGHT / 2 + 4 - (len(lines) - 1) * _LINE / 2
        foot = _BOX_PAD + _BOX_HEIGHT
        side, wide, tall = number(x - box / 2), number(box), number(_BOX_HEIGHT)
        parts += [
            f'<path class="lt-rule" d="M{number(x)} {number(foot)}V{number(height)}"/><g>{title(name)}',
            f'<rect class="lt-box" x="{side}" y="{number(_BOX_PAD)}" width="{wide}" height="{tall}" rx="5"/>',
            *(text(x, first + at * _LINE, line, kind="lt-strong", anchor="middle") for at, line in enumerate(lines)),
            "</g>",
        ]
    return parts


def _step(arrow: Arrow, top: float, page: _Page) -> str:
    one, two = page.centres[arrow.caller], page.centres[arrow.callee]
    level = top + 24
    words = _words(arrow, (one + two) / 2 if one != two else one, level, page, is_own=one == two)
    drawn = _own(arrow, one, level) if one == two else _across(arrow, one, two, level)
    return f"<g>{title(arrow.title)}{drawn}{words}</g>"


def _across(arrow: Arrow, one: float, two: float, level: float) -> str:
    """A line from one lifeline to the other, with its head; a failing call ends in a cross."""
    way = 1 if two > one else -1
    tip = two - way * 2
    look, fill = _CLASSES[arrow.mark], _FILLS[arrow.mark]
    back = tip - way * _HEAD
    head = (
        f'<polygon class="{fill}" points="{number(tip)},{number(level)} {number(back)},{number(level - 4)}'
        f' {number(back)},{number(level + 4)}"/>'
    )
    if arrow.mark == "bad":
        away = tip - way * (_HEAD + 5)
        head += f'<path class="lt-bad" d="M{number(away - 4)} {number(level - 5)}l8 10m0 -10l-8 10"/>'
    return f'<path class="{look}" d="M{number(one)} {number(level)}H{number(back)}"/>{head}'


def _own(arrow: Arrow, x: float, level: float) -> str:
    """A step of one participant alone: a loop, or for a line that it wrote a dot."""
    if arrow.is_line:
        return f'<circle class="{_FILLS[arrow.mark]}" cx="{number(x)}" cy="{number(level)}" r="4"/>'
    loop = f"M{number(x)} {number(level - 8)}h{number(_LOOP)}v16h-{number(_LOOP - _HEAD)}"
    back, foot = number(x + 1 + _HEAD), level + 8
    head = f"{number(x + 1)},{number(foot)} {back},{number(foot - 4)} {back},{number(foot + 4)}"
    return f'<path class="{_CLASSES[arrow.mark]}" d="{loop}"/><polygon class="{_FILLS[arrow.mark]}" points="{head}"/>'


def _words(arrow: Arrow, x: float, level: float, page: _Page, *, is_own: bool) -> str:
    """What the step is above its line and its counts below; of a step of one alone beside it, where there is room."""
    most = page.width - 2 * _MARGIN
    tag = f"{arrow.tag} " if arrow.tag else ""
    label = fitted(arrow.label, most - width_of(tag) * 1.1)
    note = fitted(arrow.note, most)
    wide = max(width_of(tag) * 1.1 + width_of(label), width_of(note))
    above, below = level - 7, level + 15
    if is_own:
        off = 10 if arrow.is_line else _LOOP + 6
        start = min(x + off, page.width - _MARGIN - wide)
        if start < x + off and x - 10 - wide >= _MARGIN:
            start = x - 10 - wide
        if start >= x + off or start + wide <= x:
            above, below = level - 3, level + 12
        else:
            above, below = level - 10, level + 20
    else:
        start = min(max(_MARGIN, x - wide / 2), page.width - _MARGIN - wide)
    return _label(tag, label, arrow, start, above) + text(start, below, note, kind="lt-halo lt-quiet")


def _label(tag: str, label: str, arrow: Arrow, x: float, y: float) -> str:
    look = "lt-halo lt-quiet" if arrow.mark in _QUIET else "lt-halo"
    loud = "lt-badtext" if arrow.mark in _LOUD else "lt-strong"
    told = f'<tspan class="{loud}">{escaped(tag)} </tspan>' if tag else ""
    return f'<text x="{number(x)}" y="{number(y)}" class="{look}" xml:space="preserve">{told}{escaped(label)}</text>'


def _skipped(steps: int, top: float, page: _Page) -> str:
    words = f"{steps} more {'step' if steps == 1 else 'steps'}"
    return text(page.width / 2, top + _SKIPPED_ROW / 2 + FONT_PX / 3, words, kind="lt-halo lt-quiet", anchor="middle")


def _sentence(arrow: Arrow) -> str:
    return f"{arrow.tag}: {arrow.title}." if arrow.tag else f"{arrow.title}."
