"""Diagrams as Mermaid text, for Markdown: whatever names hold, the text parses and shows them.

Ids are made here (p1, c1); everything else passes `label`. A character that Mermaid could read as its own becomes a
numeric entity (`#59;`), which every kind of diagram decodes after parsing; angle brackets and backticks, which are
read once more when the picture is made, become marks that look like them.
"""

import re
from collections.abc import Iterable

from logtriage.diagrams.cascade_view import CascadeView
from logtriage.diagrams.lanes_view import LanesView
from logtriage.diagrams.sequence_view import Arrow, SequenceView, SideView
from logtriage.escape import plain

__all__ = ["label", "mermaid_cascade", "mermaid_lanes", "mermaid_sequence"]

_LOOKALIKE = str.maketrans({"<": "\u2039", ">": "\u203a", "`": "\u02b9"})
_UNSAFE = re.compile(r"[^\w ./,()-]|(?<![^\W_])_|_(?![^\W_])|^[-.]|(?<=^\d)\.|(?<=^\d\d)\.")
# Words that open or close something where a text begins or stands alone.
_WORDS = re.compile(r"\b(end|style|class|classdef|click|linkstyle|subgraph|graph|default|call|href)\b", re.IGNORECASE)
_LONGEST = 120


def label(text: object, limit: int = _LONGEST) -> str:
    """Text that stands for itself in a name, a message or a quoted label; a dash where nothing is left."""
    shown = plain(text, limit).translate(_LOOKALIKE)
    safe = _UNSAFE.sub(lambda found: "".join(f"#{ord(one)};" for one in found.group()), shown)
    return _WORDS.sub(lambda found: f"#{ord(found.group()[0])};{found.group()[1:]}", safe) or "-"


def mermaid_sequence(view: SequenceView, side: SideView) -> str:
    """One side as a sequence diagram: `lost` arrows dashed, failing ones with a cross, what is gone as a note."""
    lines = ["sequenceDiagram"]
    lines += [f"    participant p{at} as {label(name, 60)}" for at, name in enumerate(view.participants, start=1)]
    last = len(view.participants)
    for arrow in side.arrows:
        lines += [_skipped(arrow.skipped, last)] if arrow.skipped else []
        lines += [f"    {_message(arrow)}"] if arrow.mark != "blank" else []
    lines += [_skipped(view.more, last)] if view.more else []
    return "\n".join(lines) + "\n"


def mermaid_cascade(view: CascadeView) -> str:
    """The cascade as a graph, grouped by service, roots first."""
    ids = {node.id: f"c{at}" for at, node in enumerate(view.nodes, start=1)}
    services = list(dict.fromkeys(node.service for node in view.nodes))
    lines = ["flowchart LR"]
    for at, service in enumerate(services, start=1):
        lines.append(f'    subgraph s{at}["{label(service, 60)}"]')
        for node in view.nodes:
            if node.service == service:
                words = "#8211; ".join([label(node.head, 60), label(node.title, 90)])
                lines.append(f'        {ids[node.id]}["{words}"]')
        lines.append("    end")
    lines += [f'    {ids[edge.cause]} -->|"{label(edge.words)}"| {ids[edge.symptom]}' for edge in view.edges]
    roots = ",".join(ids[node.id] for node in view.nodes if node.is_root)
    return "\n".join([*lines, "    classDef root stroke-width:3px", f"    class {roots} root"]) + "\n"


def mermaid_lanes(view: LanesView) -> str:
    """The revisions over time as a Gantt chart: a bar from the first to the last time each was asked anything."""
    lines = ["gantt", "    dateFormat YYYY-MM-DDTHH:mm", f"    axisFormat {view.axis}"]
    number = 0
    for lane in view.lanes:
        lines.append(f"    section {label(lane.name, 60)}")
        for row in lane.rows:
            number += 1
            kind = "crit, " if row.is_bad else "done, " if row.is_good else ""
            lines.append(f"    {label(row.words, 90)} : {kind}t{number}, {row.first}, {row.last}")
        for mark in lane.marks:
            number += 1
            lines.append(f"    {label(mark.words, 90)} : milestone, t{number}, {mark.at}, 0m")
    if view.onset:
        lines += [
            "    section onset",
            f"    {label(view.onset.words, 90)} : crit, milestone, onset, {view.onset.at}, 0m",
        ]
    return "\n".join(lines) + "\n"


def _message(arrow: Arrow) -> str:
    said = f"{arrow.tag} {arrow.label}" if arrow.tag else arrow.label
    text = label(f"{said} ({arrow.note})" if arrow.note else said, 220)
    one, two = f"p{arrow.caller + 1}", f"p{arrow.callee + 1}"
    if arrow.is_line or arrow.mark == "gone":
        return f"Note over {','.join(dict.fromkeys([one, two]))}: {text}"
    sign = {"lost": "-->>", "bad": "-x"}.get(arrow.mark, "->>")
    return f"{one}{sign}{two}: {text}"


def _skipped(steps: int, last: int) -> str:
    over: Iterable[str] = dict.fromkeys(["p1", f"p{last}"])
    return f"    Note over {','.join(over)}: {steps} more {'step' if steps == 1 else 'steps'}"
