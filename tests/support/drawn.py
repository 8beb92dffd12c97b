"""A shop whose payments stopped reaching the bank, as it is drawn: a sequence, lanes, and an incident that has both."""

from typing import Any

from classifiers.drawn import Lane, LaneMark, LaneRevision, Lanes, Sequence, SequenceSide, SequenceStep, StepCount
from classifiers.explained import Explains
from classifiers.findings import Findings
from collector.replacing import replace
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS, findings

__all__ = ["HOSTILE", "drawn_findings", "hostile_findings", "lanes", "sequence", "step"]

TRACE = "a" * 32
# What names may hold: what Mermaid, SVG, HTML and Markdown would obey, and more of it than anybody reads.
HOSTILE = (
    "end", "graph TD; a-->b", 'p1->>p2: "x" %% style a:#fff;', "</title><script>alert(1)</script>", "`x` ```\n## y",
    "a;b#quot;c#59;d", "\u202eevil\u200f", "[x](y) {z} |p| <b>", "1. one", "- item", "click c1 href", "loop\nend\nend",
    "title: x, crit, t1", "\x1b[31mred",
    "end end", "%%{init: {}}%%", "accTitle: x", "'\"&amp;&lt;", "x" * 1_000_000, "",
)  # fmt: skip


def step(**changes: Any) -> SequenceStep:
    """The caller asks the shop: in all traces of both sides."""
    return replace(
        SequenceStep(0, 1, "POST /pay", "call", "kept", StepCount(40, 0, 20_000_000), StepCount(30, 0, 20_000_000)),
        **changes,
    )


def sequence(**changes: Any) -> Sequence:
    """A call that fails since, one that is lost, a line that is new."""
    return replace(
        Sequence(
            service="shop", operation="POST /pay", basis="spans",
            before=SequenceSide("shop-00007-abc", "not failed", 40, TRACE),
            after=SequenceSide("shop-00008-bad", "failed", 30, "b" * 32),
            participants=("", "shop", "bank"),
            steps=(
                step(after=StepCount(30, 30, 9_000_000, "500 KeyError"), trace_ids=(TRACE,)),
                step(caller=1, callee=2, operation="debit", course="lost", after=StepCount(0),
                     p_value=1e-12, skipped=2),
                step(caller=1, callee=1, operation="no key", kind="line", course="new", before=StepCount(0),
                     after=StepCount(30, 30), p_value=1e-12),
                step(caller=1, callee=1, operation="audit", before=StepCount(35, 0, 10_000_000),
                     after=StepCount(25, 0, 400_000_000)),
            ),
            skipped=5, gaps=1,
        ),
        **changes,
    )  # fmt: skip


def lanes(**changes: Any) -> Lanes:
    """Four hours of shop: a good revision, the blamed one, a deploy that failed, a roll-back."""
    start = ONSET_NS - 2 * HOUR_NS
    return replace(
        Lanes(
            start_ns=start, column_ns=HOUR_NS, columns=4, onset_ns=ONSET_NS, earliest_ns=ONSET_NS - HOUR_NS // 4,
            latest_ns=ONSET_NS, ended_ns=None,
            lanes=(
                Lane(
                    "shop", "requests",
                    (
                        LaneRevision("shop-00007-abc", (10, 20, 0, 5), "good"),
                        LaneRevision("shop-00008-bad", (0, 0, 40, 10), "blamed"),
                    ),
                    (
                        LaneMark(start, "deployed", "shop-00007-abc"),
                        LaneMark(ONSET_NS - 1, "deployed", "shop-00008-bad"),
                        LaneMark(ONSET_NS + HOUR_NS, "failed deploy", "shop-00009-bad"),
                        LaneMark(END_NS - HOUR_NS - HOUR_NS, "rolled back", "shop-00007-abc"),
                    ),
                    left_out=2,
                ),
            ),
        ),
        **changes,
    )  # fmt: skip


def drawn_findings(**changes: Any) -> Findings:
    """Findings whose first incident has all that is drawn."""
    told = findings()
    first, *rest = told.incidents
    edge = Explains("c-pay", "c-slow", 45, 50, 1_000_000, "trace", (TRACE,))
    parts: dict[str, Any] = {"sequence": sequence(), "lanes": lanes(), "edges": (edge,)} | changes
    return replace(told, incidents=(replace(first, **parts), *rest))


def hostile_findings(text: str) -> Findings:
    """The same with a hostile text wherever a log, a span or a name is told."""
    parts = [replace(one, operation=text, after=replace(one.after, text=text)) for one in sequence().steps]
    drawn = sequence(service=text, operation=text, participants=(text, text, "bank"), steps=tuple(parts))
    lane = lanes().lanes[0]
    revisions = tuple(replace(one, revision=text) for one in lane.revisions)
    marks = tuple(replace(one, revision=text) for one in lane.marks)
    named = lanes(lanes=(replace(lane, service=text, revisions=revisions, marks=marks),))
    told = drawn_findings(sequence=drawn, lanes=named, title=text)
    return replace(told, clusters=tuple(replace(one, title=text, service=text) for one in told.clusters))
