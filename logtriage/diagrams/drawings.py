"""All pictures of one incident, ready for a template: as Mermaid for Markdown, as SVG for HTML. No I/O."""

from collections.abc import Sequence

from msgspec import Struct

from classifiers.findings import Findings, Incident
from logtriage.diagrams.cascade_view import CascadeView, view_cascade
from logtriage.diagrams.lanes_view import LanesView, view_lanes
from logtriage.diagrams.sequence_view import ChangeRow, SequenceView, view_sequence
from logtriage.escape import plain

__all__ = ["NO_DRAWINGS", "Drawings", "MermaidBlock", "Picture", "change_lines", "drawings_of", "view_drawings"]

_CASCADE, _LANES = "What pulls down what", "Revisions and their traffic"
_CHANGES_SHOWN = 8  # in a terminal


class MermaidBlock(Struct, frozen=True):
    """A heading and a sentence as plain texts; `text` goes between fences as it is."""

    heading: str
    caption: str
    text: str


class Picture(Struct, frozen=True):
    """A heading and a sentence as plain texts; `svg` is mark-up, all texts in it escaped.

    kind: sequences want a container that scrolls sideways, both beside each other where there is room; so do cascades;
    lanes are as wide as their container.
    """

    kind: str
    heading: str
    caption: str
    svg: str


class Drawings(Struct, frozen=True):
    """What of an incident is drawn; `no_sequence` says why its requests are not. `name` makes the ids of its SVGs."""

    name: str
    sequence: SequenceView | None
    no_sequence: str
    cascade: CascadeView | None
    lanes: LanesView | None

    @property
    def changes(self) -> tuple[ChangeRow, ...]:
        """The steps inside traces that changed."""
        return self.sequence.changes if self.sequence else ()

    @property
    def left_out(self) -> str:
        """How many steps and participants the sequences leave out; "" for none."""
        return self.sequence.left_out if self.sequence else ""

    @property
    def blocks(self) -> tuple[MermaidBlock, ...]:
        """All of it as Mermaid."""
        from logtriage.diagrams.mermaid import (  # noqa: PLC0415 - a terminal draws nothing
            mermaid_cascade,
            mermaid_lanes,
            mermaid_sequence,
        )

        told: list[MermaidBlock] = []
        if self.sequence:
            told += [
                MermaidBlock(side.heading, side.caption, mermaid_sequence(self.sequence, side))
                for side in (self.sequence.was, self.sequence.now)
            ]
        if self.cascade:
            told.append(MermaidBlock(_CASCADE, "", mermaid_cascade(self.cascade)))
        if self.lanes:
            told.append(MermaidBlock(_LANES, "", mermaid_lanes(self.lanes)))
        return tuple(told)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All of it as SVG."""
        from logtriage.diagrams.svg_cascade import svg_cascade  # noqa: PLC0415 - only a page of HTML draws them
        from logtriage.diagrams.svg_lanes import svg_lanes  # noqa: PLC0415 - as above
        from logtriage.diagrams.svg_sequence import svg_sequence  # noqa: PLC0415 - as above

        told = []
        if self.sequence:
            for kind, side in (("was", self.sequence.was), ("now", self.sequence.now)):
                svg = svg_sequence(self.sequence, side, name=f"{self.name}-{kind}")
                told.append(Picture("sequence", side.heading, side.caption, svg))
        if self.cascade:
            told.append(Picture("cascade", _CASCADE, "", svg_cascade(self.cascade, name=f"{self.name}-cascade")))
        if self.lanes:
            svg = svg_lanes(self.lanes, name=f"{self.name}-lanes")
            told.append(Picture("lanes", _LANES, self.lanes.caption, svg))
        return tuple(told)


NO_DRAWINGS = Drawings("", None, "", None, None)


def view_drawings(incident: Incident, findings: Findings) -> Drawings:
    """What there is to draw of an incident of these findings."""
    return Drawings(
        name=f"i{incident.number}",
        sequence=view_sequence(incident.sequence) if incident.sequence else None,
        no_sequence=f"Requests are not drawn: {plain(incident.no_sequence, 300)}." if incident.no_sequence else "",
        cascade=view_cascade(incident, findings),
        lanes=view_lanes(incident.lanes) if incident.lanes else None,
    )


def drawings_of(name: str, findings: Findings) -> Drawings:
    """What there is to draw of the incident that a finding is of; nothing where it is of none."""
    found = (one for one in findings.incidents if name in (one.root, *one.symptoms))
    return next((view_drawings(one, findings) for one in found), NO_DRAWINGS)


def change_lines(changes: Sequence[ChangeRow]) -> tuple[tuple[str, str, str], ...]:
    """The steps that changed for a terminal: what became of each, which it is, its counts on both sides."""
    rows = tuple((one.course.upper(), one.step, f"{one.since}; before {one.before}") for one in changes)
    left = len(rows) - _CHANGES_SHOWN
    return (*rows[:_CHANGES_SHOWN], ("", f"{left} more", "--format markdown lists them")) if left > 0 else rows
