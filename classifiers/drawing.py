"""What diagrams need beyond the findings, read after they are concluded: typical traces, and traffic of revisions.

What comes in: a reader and findings. What goes out: the findings, the first incidents with their `sequence` (or why
there is none) and `lanes`. Only formats that draw ask for it.
"""

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from typing import Literal

import polars as pl
from msgspec import Struct

from classifiers.drawn import Sequence as Drawn
from classifiers.drawn import SequenceSide
from classifiers.explained import BLAMED
from classifiers.findings import Absence, Attribution, Cluster, Findings, Incident, Latency
from classifiers.flow import VARIABLE_WORDS
from classifiers.flow_compare import compare_traces
from classifiers.lanes import read_lanes
from classifiers.origin import origin_params
from classifiers.regions import read_placed_facts
from classifiers.spans_by_revision import lay_spans_by_revision
from collector.replacing import replace
from collector.store import Reader
from collector.window import NS_PER_S, Window

__all__ = ["MOST_DRAWN", "with_drawings"]

MOST_DRAWN = 3  # incidents that are drawn
_MEMBERS = 4  # of an incident whose traces are looked for
_MOST_TRACES = 200  # of a side: they are compared with each other
_MOST_ROWS = 300  # of one trace
_MOST_ENTRIES = 400  # of a cluster whose traces are looked up
_BACK_NS = 48 * 3600 * NS_PER_S  # before the onset, or before the good revision was last seen

_Finding = Cluster | Latency | Absence
_Which = Literal["all", "not failed", "failed", "slow", "with the event", "without the event"]


class _Sides(Struct, frozen=True):
    """Traces of both sides, which they are, and the operation by which they enter the service."""

    operation: str
    is_span: bool
    before: tuple[_Which, list[str]]
    after: tuple[_Which, list[str]]
    revision: str


def with_drawings(
    reader: Reader, findings: Findings, numbers: Collection[int], *, draw: Literal["changes", "all"]
) -> Findings:
    """The findings with what the incidents of these numbers are drawn from; without lanes where changes will do."""
    drawn = [one for one in findings.incidents if one.number in numbers]
    if not drawn:
        return findings
    window = findings.window
    read_placed_facts(reader, end_ns=window.end_ns)
    start_ns = min(_begin_ns(members_of(one, findings), window) for one in drawn)
    lay_spans_by_revision(reader, start_ns=start_ns, end_ns=window.end_ns)
    span = Window(start_ns, window.end_ns)
    told = {one.number: _with_drawing(reader, one, findings, span, draw) for one in drawn}
    return replace(findings, incidents=tuple(told.get(one.number, one) for one in findings.incidents))


def members_of(incident: Incident, findings: Findings) -> list[_Finding]:
    """Its root and its symptoms, in this order, of whatever kind they are."""
    every: Iterable[_Finding] = (*findings.clusters, *findings.latency, *findings.absent_events)
    by_id = {one.id: one for one in every}
    return [by_id[name] for name in (incident.root, *incident.symptoms) if name in by_id]


def _begin_ns(members: Sequence[_Finding], window: Window) -> int:
    """From when on traces are looked for: some time before it began, and before the good revision was last seen."""
    moments = [window.start_ns]
    for one in members[:_MEMBERS]:
        moments += [one.onset.at_ns - _BACK_NS] if one.onset else []
        good = one.attribution.last_good if one.attribution else None
        moments += [good.at_ns - _BACK_NS] if good and good.at_ns is not None else []
    return max(0, min(moments))


def _with_drawing(reader: Reader, incident: Incident, findings: Findings, span: Window, draw: str) -> Incident:
    members = members_of(incident, findings)
    sequence, why_not = None, "it has no member that is known"
    for at, one in enumerate(members[:_MEMBERS]):
        found = _sequence(reader, one, span)
        if isinstance(found, Drawn):
            sequence, why_not = found, ""
            break
        why_not = found if not at else why_not
    lanes = read_lanes(reader, members, findings, span.start_ns) if draw == "all" else None
    return replace(incident, sequence=sequence, no_sequence=why_not, lanes=lanes)


def _sequence(reader: Reader, one: _Finding, span: Window) -> Drawn | str:
    """Both sides of one finding; else why there are not both, in one sentence."""
    blamed = one.attribution
    if blamed is None or blamed.confidence < BLAMED or not blamed.good_revision:
        return "no revision is blamed, so that there is no good one to compare with"
    sides = _sides(reader, one, blamed, span)
    if isinstance(sides, str):
        return sides
    steps = [_steps(reader, traces, span) for _, traces in (sides.before, sides.after)]
    if any(side.is_empty() for side in steps):
        return "its traces tell no steps"
    found = compare_traces(*steps)
    return Drawn(
        service=blamed.service,
        operation=sides.operation,
        basis="spans" if sides.is_span else "lines",
        before=SequenceSide(blamed.good_revision, sides.before[0], found.traces_before, found.trace_before),
        after=SequenceSide(sides.revision, sides.after[0], found.traces_after, found.trace_after),
        participants=found.participants,
        steps=found.steps,
        skipped=found.skipped,
        gaps=found.gaps,
    )


def _sides(reader: Reader, one: _Finding, blamed: Attribution, span: Window) -> _Sides | str:
    """The traces to compare: bad ones of the blamed revision, and good ones that enter by the same operation."""
    own = _own_traces(reader, one, span)
    if isinstance(one, Cluster) and not own:
        return "none of its failures carries a trace"
    names = [str(blamed.good_revision), blamed.revision]
    seen = reader.frame(
        "find_drawn_traces", start_ns=span.start_ns, end_ns=span.end_ns, service=blamed.service, revisions=names,
        traces=own, most=_MOST_TRACES * 2, variable_parts=origin_params()["variable_parts"],
        variable_words=VARIABLE_WORDS,
    )  # fmt: skip
    seen = seen.with_columns(has_event=pl.col("trace").is_in(_with_event(reader, one, seen["trace"], span)))
    bad = seen.filter(_is_bad(one))
    on_blamed = bad.filter(revision=blamed.revision)
    bad = bad.filter(pl.col("revision") != blamed.good_revision) if on_blamed.is_empty() else on_blamed
    good = seen.filter((pl.col("revision") == blamed.good_revision) & ~pl.col("is_named"))
    good = good.filter(pl.col("has_event")) if isinstance(one, Absence) else good
    if bad.is_empty():
        return f"no trace of {blamed.revision} that tells of it is stored"
    entered = bad.group_by("operation", "is_span").agg(many=pl.len())
    entered = entered.join(good.select("operation", "is_span").unique(), on=["operation", "is_span"])
    if entered.is_empty():
        return f"no trace of {blamed.good_revision} is stored that enters {blamed.service} in the same way"
    chosen = entered.sort("many", "operation", "is_span", descending=[True, False, True]).row(0, named=True)
    place = {"operation": chosen["operation"], "is_span": chosen["is_span"]}
    good, bad = good.filter(**place), bad.filter(**place)
    calm = good.filter(~pl.col("is_bad"))
    which = _WHICH[type(one)]
    return _Sides(
        operation=str(chosen["operation"]),
        is_span=bool(chosen["is_span"]),
        before=(which[0], _drawn(good if calm.is_empty() else calm)),
        after=(which[1], _drawn(bad)),
        revision=_main_revision(bad),
    )


_WHICH: dict[type, tuple[_Which, _Which]] = {
    Cluster: ("not failed", "failed"),
    Latency: ("all", "slow"),
    Absence: ("with the event", "without the event"),
}


def _own_traces(reader: Reader, one: _Finding, span: Window) -> list[str]:
    """Traces that are known to tell of the finding."""
    if isinstance(one, Absence):
        return []
    if isinstance(one, Latency):
        return sorted(one.trace_ids)
    asked = sorted(one.insert_ids, key=_lot)[:_MOST_ENTRIES]
    found = reader.frame(
        "find_entry_traces", start_ns=span.start_ns, end_ns=span.end_ns, service=one.service, insert_ids=asked
    )
    return sorted({*one.trace_ids, *found["trace"].to_list()})


def _with_event(reader: Reader, one: _Finding, traces: pl.Series, span: Window) -> list[str]:
    """Which of these traces have the event that stays away."""
    if not isinstance(one, Absence):
        return []
    found = reader.frame(
        "find_traces_with_event", start_ns=span.start_ns, end_ns=span.end_ns, service=one.service, event=one.event,
        field=one.field or "", traces=traces.to_list(),
    )  # fmt: skip
    return found["trace"].to_list()


def _is_bad(one: _Finding) -> pl.Expr:
    if isinstance(one, Absence):
        return ~pl.col("has_event")
    if isinstance(one, Latency) and one.slow_ns:
        is_slow = pl.col("took_ns").fill_null(0) > one.slow_ns
        return pl.col("is_named") | (is_slow & (pl.col("operation") == (one.operation or "")))
    return pl.col("is_named")


def _steps(reader: Reader, traces: list[str], span: Window) -> pl.DataFrame:
    return reader.frame(
        "find_sequence_steps", start_ns=span.start_ns, end_ns=span.end_ns, traces=traces, most=_MOST_ROWS,
        variable_parts=origin_params()["variable_parts"], variable_words=VARIABLE_WORDS,
    )  # fmt: skip


def _drawn(rows: pl.DataFrame) -> list[str]:
    """At most so many traces, by lot."""
    return sorted(set(rows["trace"]), key=_lot)[:_MOST_TRACES]


def _lot(name: str) -> bytes:
    """A place that has nothing to do with time or with how the id was made."""
    return blake2b(name.encode(), digest_size=8).digest()


def _main_revision(rows: pl.DataFrame) -> str:
    counted = rows.group_by("revision").agg(many=pl.len()).sort("many", "revision", descending=[True, False])
    return str(counted["revision"][0])
