"""What two revisions do differently inside traces, in words and as JSON. No I/O."""

from typing import Any

from msgspec import Struct

from classifiers.edges import Flow, FlowEdge
from collector.records import Revision
from logtriage.escape import plain
from logtriage.wording import plural, short_revision

__all__ = ["FlowRow", "flow_json", "flow_words", "view_flow"]

_LABELS = {"lost": "LOST", "new": "ADDED", "replaced": "NAMED", "fewer": "RARER", "more": "OFTENER"}
_SHOWN = 6  # of each course; the rest are counted
_STEP = 80
_NAMES = 5  # of operations that are not reached any more


class FlowRow(Struct, frozen=True):
    """One edge: its course as a label, and what became of it with its counts."""

    label: str
    text: str


def view_flow(flow: Flow | None, before: Revision, after: Revision) -> tuple[str, tuple[FlowRow, ...]]:
    """What was looked at, "" where nothing was, and the edges."""
    if flow is None:
        return "", ()
    if not flow.basis:
        return f"steps inside traces are not compared: {plain(flow.why_not, 200)}", ()
    names = [short_revision(one.revision, one.service) for one in (before, after)]
    rows: list[FlowRow] = []
    for course, label in _LABELS.items():
        own = [one for one in flow.edges if one.course == course]
        rows += [FlowRow(label, flow_words(one, *names)) for one in own[:_SHOWN]]
        if len(own) > _SHOWN:
            rows.append(FlowRow(label, f"{len(own) - _SHOWN:,} more; --format json lists them"))
    return _looked(flow, names), tuple(rows)


def flow_words(edge: FlowEdge, before: str, after: str) -> str:
    """`auth.verify no longer follows accept in POST /pay: 0/212 traces on NEW, 198/201 on OLD`."""
    parent, step = plain(edge.parent, _STEP) or "its traces", plain(edge.step, _STEP)
    follows = plain(edge.follows, _STEP)
    place = f"{follows} in {parent}" if follows else f"the begin of {parent}"
    told = {
        "lost": f"{step} no longer follows {place}",
        "new": f"{step} now follows {place}",
        "replaced": f"{step} is {plain(edge.replaced_by, _STEP)} now, in {parent}",
        "fewer": f"{step} follows {place} in fewer traces",
        "more": f"{step} follows {place} in more traces",
    }[edge.course]
    counts = f"{edge.with_after:,}/{edge.reached_after:,} traces on {plain(after, 80)}"
    return f"{told}: {counts}, {edge.with_before:,}/{edge.reached_before:,} on {plain(before, 80)}, {_chance(edge)}"


def flow_json(flow: Flow) -> dict[str, Any]:
    """The whole of it as plain JSON values."""
    return {
        "basis": flow.basis or None,
        "not_compared": flow.why_not or None,
        "edges_compared": flow.looked,
        "before": {"traces": flow.traces_before, "taken": flow.taken_before, "torn": flow.torn_before},
        "after": {"traces": flow.traces_after, "taken": flow.taken_after, "torn": flow.torn_after},
        "unreached": list(flow.unreached),
        "edges": [
            {
                "course": one.course,
                "kind": one.kind,
                "parent": one.parent,
                "step": one.step,
                "follows": one.follows or None,
                "replaced_by": one.replaced_by or None,
                "before": {"traces": one.with_before, "reached": one.reached_before},
                "after": {"traces": one.with_after, "reached": one.reached_after},
                "p_value": one.p_value,
                "depth": one.depth,
                "traces": list(one.traces),
            }
            for one in flow.edges
        ],
    }


def _looked(flow: Flow, names: list[str]) -> str:
    """How much was compared, and what of it is missing."""
    sides = (
        (flow.taken_before, flow.traces_before, flow.torn_before, names[0]),
        (flow.taken_after, flow.traces_after, flow.torn_after, names[1]),
    )
    told = ", ".join(
        f"{taken:,} of {traces:,} traces on {name}" if taken < traces else f"{traces:,} traces on {name}"
        for taken, traces, _, name in sides
    )
    of = "" if flow.basis == "spans" else " of the lines that each request wrote"
    words = [f"{told}; {plural(flow.looked, 'edge')}{of} compared, {_told(flow)}"]
    words += [f"{torn:,} traces on {name} lack spans and do not count" for _, _, torn, name in sides if torn]
    if flow.unreached:
        named = ", ".join(plain(name, _STEP) or "traces without a request" for name in flow.unreached[:_NAMES])
        more = f" and {len(flow.unreached) - _NAMES} more" if len(flow.unreached) > _NAMES else ""
        words.append(f"{names[1]} was not seen to reach {named}{more}")
    return "; ".join(words)


def _told(flow: Flow) -> str:
    return f"{len(flow.edges):,} differ" if flow.edges else "no difference is shown"


def _chance(edge: FlowEdge) -> str:
    return f"p {edge.p_value:.1g}" if edge.p_value >= 1e-6 else "p < 1e-6"  # noqa: PLR2004 - smaller ones say no more
