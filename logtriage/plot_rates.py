"""The course of a failure as a drawing (SVG): bars of failed shares over time, deploys, the onset, and what was asked.

A drawing is a text: numbers have one digit, order is fixed, and every text in it is escaped. Colours are those of the
page that holds it (custom properties), and no mark is told by its colour alone. Where nothing was asked nothing stands.
"""

from collections.abc import Iterator
from html import escape

from msgspec import Struct

from classifiers.findings import Attribution, Onset, RevisionSeries, Series
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.plot_scale import Scale, nice_top, time_ticks
from logtriage.wording import Near, clock, short_revision, span_words, unit_word

__all__ = ["Course", "Figure", "draw_course"]

_TOP, _BASE = 46.0, 176.0  # of the bars
_ASKED_TOP, _ASKED_BASE = 190.0, 214.0  # of what was asked
_HEIGHT = 240
_CHAR = 6.3  # width of a character of a label
_EDGE = 36.0  # from which a time at the right would be cut
_GAP = 8.0
_LEAST = 2.0  # height of a bar that stands for something
_HATCHED = ("later", "early")
_LANES = (14.0, 30.0)  # of labels: the onset, deploys


class Figure(Struct, frozen=True):
    """A drawing with its words. `svg` is safe mark-up made here; the other texts are plain.

    legend: name of a mark's class, and what it stands for. head and rows: the same as a table.
    """

    title: str
    svg: str
    note: str
    legend: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class Course(Struct, frozen=True):
    """What is drawn: a course with its onset and verdict. `ident` is unique on its page, `what` names a bad unit."""

    ident: str
    series: Series
    onset: Onset | None
    blamed: Attribution | None
    service: str
    what: str = "failed"


def draw_course(course: Course, lookup: Lookup) -> Figure:
    """The drawing of a course, with its legend and the counts behind it."""
    series = course.series
    columns = max((len(row.failed) for row in series.rows), default=0)
    scale = Scale(series.start_ns, max(series.start_ns + columns * series.column_ns, series.start_ns + 1))
    sides = _Sides(course, lookup)
    units = unit_word(series.unit, 2)
    title = f"Share of {units} that {course.what}, by revision"
    shares = [f / e for row in series.rows for f, e in zip(row.failed, row.exposed, strict=True) if e]
    top = nice_top(max(shares, default=0.0))
    parts = [
        *_opening(course, title, scale, lookup.near),
        *_axis(scale, top, lookup.near),
        _pane(scale, _TOP, _BASE - _TOP),
        *_onset_band(course, scale),
        *_bars(course, sides, scale, top, lookup.near),
        *_deploy_lines(course, scale, lookup),
        "</svg>",
        *_asked(series, scale, units),
        *_labels(course, scale, sides, lookup),
        "</svg>",
    ]
    return Figure(
        title=title,
        svg="".join(parts),
        note=f"A column is {span_words(series.column_ns)}. Where nothing stands, nothing was asked.",
        legend=sides.legend(),
        head=("from (UTC)", "revision", f"{course.what}/asked"),
        rows=tuple(_table(series, lookup.near)),
    )


class _Sides:
    """On which side of the verdict a revision stands: `bad` is the blamed one; `any`, there is no verdict."""

    def __init__(self, course: Course, lookup: Lookup) -> None:
        self._course, self._lookup = course, lookup
        blamed = course.blamed
        self.blamed = blamed.revision if blamed and blamed.service == course.service else None
        self._began = lookup.revision_began_ns(course.service, self.blamed) if self.blamed else None

    def of(self, row: RevisionSeries) -> str:
        """The class of its bars."""
        if self.blamed is None:
            return "any"
        if row.revision == self.blamed:
            return "bad"
        began = self._lookup.revision_began_ns(row.service, row.revision)
        return "later" if began is not None and self._began is not None and began > self._began else "early"

    def legend(self) -> tuple[tuple[str, str], ...]:
        """The marks that are drawn, each with its words."""
        course = self._course
        shown = {self.of(row) for row in course.series.rows if any(row.failed)}
        words = {
            "bad": f"{short_revision(self.blamed or '', course.service)}, the revision blamed",
            "later": "later revisions",
            "early": "other revisions",
            "any": "all revisions",
        }
        told = [(name, text) for name, text in words.items() if name in shown]
        return (*told, ("none", f"asked, none {course.what}"), ("asked", "how much was asked"))


def _opening(course: Course, title: str, scale: Scale, near: Near) -> Iterator[str]:
    series, ident = course.series, escape(course.ident)
    failed, exposed = (
        sum(sum(one) for one in rows) for rows in zip(*((r.failed, r.exposed) for r in series.rows), strict=True)
    )
    began = f" It began {clock(course.onset.at_ns, near)}." if course.onset else ""
    told = (
        f"{clock(scale.start_ns, near)} to {clock(scale.end_ns, near)} UTC: {failed:,} of {exposed:,} "
        f"{unit_word(series.unit, 2)} {course.what}.{began} The table below has the counts."
    )
    yield (
        f'<svg class="rates" viewBox="0 0 {scale.page:g} {_HEIGHT}" role="img" aria-labelledby="{ident}-t {ident}-d">'
        f'<title id="{ident}-t">{escape(title)}</title><desc id="{ident}-d">{escape(told)}</desc>'
        "<defs>"
    )
    for kind in _HATCHED:
        yield (
            f'<pattern id="{ident}-{kind}" width="6" height="6" patternUnits="userSpaceOnUse"'
            f' patternTransform="rotate(45)"><rect class="hatch {kind}" width="3" height="6"/></pattern>'
        )
    yield "</defs>"


def _pane(scale: Scale, top: float, height: float) -> str:
    """The beginning of a part that a reader may zoom: a thousand wide, whatever it shows."""
    return (
        f'<svg class="pane" x="{scale.left:g}" y="{top:g}" width="{scale.width:g}" height="{height:g}"'
        f' viewBox="0 0 1000 {height:g}" preserveAspectRatio="none">'
    )


def _axis(scale: Scale, top: float, near: Near) -> Iterator[str]:
    right = scale.left + scale.width
    for share in (0.0, 0.5, 1.0):
        y = _BASE - share * (_BASE - _TOP)
        yield f'<line class="grid" x1="{scale.left:g}" x2="{right:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{scale.left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{share * top:.3g} %</text>'
    for at_ns, is_fine in time_ticks(scale):
        x = scale.x(at_ns)
        kind = "tick fine" if is_fine else "tick"
        anchor = "end" if x > scale.page - _EDGE else "middle"
        yield (
            f'<text class="{kind}" data-x="{scale.share(at_ns):.2f}" x="{x:.1f}" y="{_HEIGHT - 8}"'
            f' text-anchor="{anchor}">{escape(clock(at_ns, near))}</text>'
        )


def _onset_band(course: Course, scale: Scale) -> Iterator[str]:
    if course.onset is None:
        return
    first, last = scale.share(course.onset.earliest_ns), scale.share(course.onset.latest_ns)
    wide = max(last - first, 2.0)
    yield f'<rect class="onset" x="{first:.2f}" y="0" width="{wide:.2f}" height="{_BASE - _TOP:g}"/>'
    for at_ns in (course.onset.at_ns, course.onset.ended_latest_ns):
        if at_ns is not None and scale.start_ns <= at_ns <= scale.end_ns:
            x = scale.share(at_ns)
            yield f'<line class="onset-line" x1="{x:.2f}" x2="{x:.2f}" y1="0" y2="{_BASE - _TOP:g}"/>'


def _bars(course: Course, sides: _Sides, scale: Scale, top: float, near: Near) -> Iterator[str]:
    """A group a column, with its counts as a title; revisions that serve at once stand side by side."""
    series, height = course.series, _BASE - _TOP
    classes = [sides.of(row) for row in series.rows]
    wide = scale.share(series.start_ns + series.column_ns)
    for at in range(len(series.rows[0].failed) if series.rows else 0):
        asked = [(row, kind) for row, kind in zip(series.rows, classes, strict=True) if row.exposed[at]]
        if not asked:
            continue
        told = "&#10;".join(escape(_counted(row, at, course)) for row, _ in asked)
        yield f"<g><title>{escape(clock(series.start_ns + at * series.column_ns, near))} UTC&#10;{told}</title>"
        own = wide * 0.86 / len(asked)
        for place, (row, kind) in enumerate(asked):
            x = wide * at + wide * 0.07 + own * place
            tall = max(row.failed[at] / row.exposed[at] / (top / 100) * height, _LEAST) if row.failed[at] else _LEAST
            shown = kind if row.failed[at] else "none"
            fill = f' fill="url(#{escape(course.ident)}-{shown})"' if shown in _HATCHED else ""
            yield f'<rect class="bar {shown}"{fill} x="{x:.2f}" y="{height - tall:.1f}"'
            yield f' width="{own:.2f}" height="{tall:.1f}"/>'
        yield "</g>"


def _counted(row: RevisionSeries, at: int, course: Course) -> str:
    """`00042-abc: 12 of 15 requests failed (80 %)`."""
    name = short_revision(row.revision, row.service) or "others"
    failed, exposed = row.failed[at], row.exposed[at]
    units = unit_word(course.series.unit, exposed)
    return f"{name}: {failed:,} of {exposed:,} {units} {course.what} ({failed / exposed * 100:.0f} %)"


def _asked(series: Series, scale: Scale, units: str) -> Iterator[str]:
    """How much was asked, all revisions together, in a strip below."""
    totals = [sum(row.exposed[at] for row in series.rows) for at in range(len(series.rows[0].exposed))]
    most, height = max(totals, default=0), _ASKED_BASE - _ASKED_TOP
    wide = scale.share(series.start_ns + series.column_ns)
    yield (
        f'<text class="tick" x="{scale.left - 6:g}" y="{_ASKED_BASE - 7:g}" text-anchor="end">asked</text>'
        f"{_pane(scale, _ASKED_TOP, height)}<title>at most {most:,} {escape(units)} a column</title>"
    )
    for at, many in enumerate(totals):
        if many:
            tall = max(many / most * height, 1.0)
            yield f'<rect class="asked" x="{wide * at:.2f}" y="{height - tall:.1f}" width="{wide:.2f}"'
            yield f' height="{tall:.1f}"/>'
    yield "</svg>"


def _deploys(course: Course, scale: Scale, lookup: Lookup) -> list[tuple[int, str, bool]]:
    """Moments at which revisions of the service took traffic, their names, and whether it was a roll-back; by time."""
    found: list[tuple[int, str, bool]] = []
    for one in lookup.findings.revisions:
        if one.service == course.service:
            began = next((at for at in (one.traffic_ns, one.first_seen_ns) if at is not None), None)
            found += [(at, one.revision, True) for at in one.rolled_back_ns]
            found += [(began, one.revision, False)] if began is not None else []
    return sorted(one for one in found if scale.start_ns < one[0] <= scale.end_ns)


def _deploy_lines(course: Course, scale: Scale, lookup: Lookup) -> Iterator[str]:
    for at_ns, name, is_back in _deploys(course, scale, lookup):
        x = scale.share(at_ns)
        what = "took the traffic again (roll-back)" if is_back else "took traffic"
        told = f"{short_revision(name, course.service)} {what} {clock(at_ns, lookup.near)}"
        yield (
            f'<g><title>{escape(told)}</title><line class="deploy{" back" if is_back else ""}" x1="{x:.2f}"'
            f' x2="{x:.2f}" y1="0" y2="{_BASE - _TOP:g}"/></g>'
        )


def _labels(course: Course, scale: Scale, sides: _Sides, lookup: Lookup) -> Iterator[str]:
    """Words at the marks: the onset above, deploys below it as far as they have room, the blamed one first."""
    near, onset = lookup.near, course.onset
    if onset is not None:
        if onset.at_ns < scale.start_ns:
            began = [(scale.start_ns, f"began {clock(onset.at_ns, near)}, before this")]
        else:
            began = [(onset.at_ns, f"began {clock(onset.at_ns, near)}")]
        over = onset.ended_latest_ns
        ended = [(over, f"over {clock(over, near)}")] if over is not None and over <= scale.end_ns else []
        yield from _placed([*ended, *began], scale, _LANES[0], "mark onset-text")
    told = [
        (at_ns, ("back to " if is_back else "") + short_revision(name, course.service), name)
        for at_ns, name, is_back in _deploys(course, scale, lookup)
    ]
    wanted = [sides.blamed, course.blamed.good_revision if course.blamed else None]
    told.sort(key=lambda one: (one[2] not in wanted, wanted.index(one[2]) if one[2] in wanted else 0, one[0]))
    yield from _placed([(at_ns, text) for at_ns, text, _ in told], scale, _LANES[1], "mark")


def _placed(words: list[tuple[int, str]], scale: Scale, y: float, kind: str) -> Iterator[str]:
    """Texts on one lane, none over another: what finds no room is told by the title of its mark alone."""
    taken: list[tuple[float, float]] = []
    for at_ns, text in words:
        x, wide = scale.x(at_ns), len(text) * _CHAR
        is_left = x + wide > scale.left + scale.width
        span = (x - wide, x) if is_left else (x, x + wide)
        if any(span[0] < end + _GAP and begin < span[1] + _GAP for begin, end in taken):
            continue
        taken.append(span)
        anchor = ' text-anchor="end"' if is_left else ""
        yield (
            f'<text class="{kind}" data-x="{scale.share(at_ns):.2f}" x="{x:.1f}" y="{y:g}"{anchor}>'
            f"{escape(plain(text, 60))}</text>"
            f'<line class="leader" data-x="{scale.share(at_ns):.2f}" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 3:g}"'
            f' y2="{_TOP:g}"/>'
        )


def _table(series: Series, near: Near) -> Iterator[tuple[str, ...]]:
    for at in range(len(series.rows[0].failed) if series.rows else 0):
        for row in series.rows:
            if row.exposed[at]:
                name = short_revision(row.revision, row.service) or "others"
                yield (
                    clock(series.start_ns + at * series.column_ns, near), name,
                    f"{row.failed[at]:,}/{row.exposed[at]:,}",
                )  # fmt: skip
