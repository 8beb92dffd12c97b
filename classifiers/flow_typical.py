"""The typical trace of a revision and operation, and two such traces side by side: the basis of diagrams.

Typical is the medoid: of the traces that enter the service by that operation the one whose steps are most like those of
all others (Jaccard), of equals the one that took a time nearest to the median.
"""

from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from hashlib import blake2b
from typing import Literal

import numpy as np
import polars as pl
from msgspec import Struct

from classifiers.flow import VARIABLE_WORDS, masked_lines, read_steps
from classifiers.origin import origin_params
from classifiers.spans_by_revision import lay_spans_by_revision
from collector.store import Reader
from collector.window import Window

__all__ = ["AlignedStep", "FlowStep", "TypicalTrace", "align_traces", "find_medoid", "find_typical", "merge_keys"]

_MOST_COMPARED = 300  # traces with each other: it takes their square
_DEEPEST = 40  # of a trace as a tree; deeper ones, and circles, are told at this depth

_KEY = ["service", "operation", "is_line", "above_service", "above_operation"]


class FlowStep(Struct, frozen=True):
    """One step of a trace: a span, or a line that was written.

    `depth` counts the steps above it, `begin_ns` is from the begin of the trace, `took_ns` None of a line or an
    unfinished span. `traces` of the compared ones have the step; `p50_ns` is the median of what it takes in them.
    """

    service: str
    operation: str
    kind: Literal["span", "line"]
    depth: int
    begin_ns: int
    took_ns: int | None
    is_bad: bool
    traces: int
    p50_ns: int | None
    above: tuple[str, str]

    @property
    def key(self) -> tuple[str, str, str, tuple[str, str]]:
        """What makes two steps of two traces the same."""
        return (self.service, self.operation, self.kind, self.above)


class TypicalTrace(Struct, frozen=True):
    """The most typical trace of an operation of a revision, its steps in order; `traces` were compared."""

    service: str
    revision: str
    operation: str
    trace: str
    traces: int
    steps: tuple[FlowStep, ...]


class AlignedStep(Struct, frozen=True):
    """One step of either trace: `kept` is in both, `lost` only in the first, `new` only in the second."""

    course: Literal["kept", "lost", "new"]
    before: FlowStep | None
    after: FlowStep | None


def find_typical(reader: Reader, service: str, revision: str, operation: str, *, window: Window) -> TypicalTrace | None:
    """The medoid of the traces in which the operation is the entry of that revision; None where there is none.

    `operation` is a `parent` of find_flow's edges: `POST /pay`. At most 300 traces are compared, drawn by their ids.
    """
    lay_spans_by_revision(reader, start_ns=window.start_ns, end_ns=window.end_ns)
    rows, _ = read_steps(reader, [(service, revision)], window=window)
    own = rows.filter(pl.col("is_entry") & (pl.col("parent") == operation) & pl.col("step").is_null())
    traces = sorted(set(own["trace"]), key=_drawn)[:_MOST_COMPARED]
    if not traces:
        return None
    steps = reader.frame(
        "find_trace_steps",
        start_ns=window.start_ns,
        end_ns=window.end_ns,
        traces=traces,
        variable_parts=origin_params()["variable_parts"],
        variable_words=VARIABLE_WORDS,
    )
    steps = _masked(steps)
    if steps.is_empty():
        return None
    chosen = find_medoid(steps, _KEY)
    return TypicalTrace(service, revision, operation, chosen, len(traces), _steps(steps, chosen))


def align_traces(before: TypicalTrace, after: TypicalTrace) -> tuple[AlignedStep, ...]:
    """Both traces in one order; what moved is lost at one place and new at another."""
    one, two = before.steps, after.steps
    return tuple(
        AlignedStep(
            "kept" if old is not None and new is not None else "lost" if new is None else "new",
            None if old is None else one[old],
            None if new is None else two[new],
        )
        for old, new in merge_keys([step.key for step in one], [step.key for step in two])
    )


def merge_keys(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int | None, int | None]]:
    """Places in both, in one order; None where a key has no partner in the other at its place."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    merged: list[tuple[int | None, int | None]] = []
    for tag, first, end, first_after, end_after in matcher.get_opcodes():
        if tag == "equal":
            merged += zip(range(first, end), range(first_after, end_after), strict=True)
        else:
            merged += [(at, None) for at in range(first, end)]
            merged += [(None, at) for at in range(first_after, end_after)]
    return merged


def _drawn(trace: str) -> bytes:
    """A place that has nothing to do with time or with how the id was made."""
    return blake2b(trace.encode(), digest_size=8).digest()


def _masked(steps: pl.DataFrame) -> pl.DataFrame:
    """With the lines masked; those that read alike then are one step."""
    named = steps.with_columns(
        operation=pl.when("is_line").then(masked_lines(steps["operation"])).otherwise("operation")
    )
    return (
        named.group_by("trace", *_KEY)
        .agg(pl.col("begin_ns").min(), pl.col("took_ns").first(), pl.col("is_bad").any())
        .sort("trace", "begin_ns", *_KEY)
    )


def find_medoid(steps: pl.DataFrame, key: Sequence[str]) -> str:
    """The trace that is most like all others; a row for each trace and step, with `begin_ns` and `took_ns`.

    Of traces that are equally like the others the one that took a time nearest to the median.
    """
    told = steps.with_columns(step=pl.struct(key).rank("dense").cast(pl.Int64) - 1)
    names = told["trace"].unique(maintain_order=True)
    rows = told["trace"].replace_strict(names, range(len(names)), return_dtype=pl.Int64).to_numpy()
    has = np.zeros((len(names), int(told["step"].to_numpy().max()) + 1), dtype=np.float32)
    has[rows, told["step"].to_numpy()] = 1.0
    shared = has @ has.T
    sizes = has.sum(axis=1)
    likeness = (shared / (sizes[:, None] + sizes[None, :] - shared)).mean(axis=1)
    lasted = (
        told.group_by("trace", maintain_order=True)
        .agg(ns=(pl.col("begin_ns") + pl.col("took_ns").fill_null(0)).max() - pl.col("begin_ns").min())["ns"]
        .to_numpy()
    )
    off = np.abs(lasted - np.median(lasted))
    return str(names[int(np.lexsort((off, -np.round(likeness, 6)))[0])])


def _steps(steps: pl.DataFrame, chosen: str) -> tuple[FlowStep, ...]:
    """The steps of one trace in order, each with how many of all traces have it and what it takes there."""
    shares = steps.group_by(_KEY).agg(traces=pl.col("trace").n_unique(), p50_ns=pl.col("took_ns").median())
    own = steps.filter(trace=chosen).join(shares, on=_KEY, how="left", maintain_order="left")
    rows = own.rows(named=True)
    above: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows:
        if not row["is_line"]:
            above.setdefault((row["service"], row["operation"]), (row["above_service"], row["above_operation"]))
    first_ns = min(row["begin_ns"] for row in rows)
    return tuple(
        FlowStep(
            service=row["service"],
            operation=row["operation"],
            kind="line" if row["is_line"] else "span",
            depth=_depth((row["above_service"], row["above_operation"]), above),
            begin_ns=row["begin_ns"] - first_ns,
            took_ns=row["took_ns"],
            is_bad=row["is_bad"],
            traces=row["traces"],
            p50_ns=None if row["p50_ns"] is None else round(row["p50_ns"]),
            above=(row["above_service"], row["above_operation"]),
        )
        for row in rows
    )


def _depth(place: tuple[str, str], above: dict[tuple[str, str], tuple[str, str]]) -> int:
    """Steps from one whose place is below `place` up to the root; a circle ends at the deepest."""
    depth = 0
    while place != ("", "") and depth < _DEEPEST:
        depth += 1
        place = above.get(place, ("", ""))
    return depth
