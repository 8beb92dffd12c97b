"""Edges of two revisions, counted in traces and compared: lost, new, replaced, fewer, more.

A step counts once in a trace and operation, however often it is taken, so that loops and retries weigh nothing. The
order of two steps counts only where both are taken and one ends before the other begins. Fisher's exact test, adjusted
for all edges that were looked at (Holm). An edge that comes and goes with time is not called lost or new, nor is one
that was not taken in nearly all traces: there a change of what is asked would look the same.
"""

import difflib
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from classifiers.compare import ALPHA, holm
from classifiers.edges import Course, Flow, FlowEdge
from collector.replacing import replace

__all__ = ["compare_steps", "fisher"]

_LEAST_SHARE = 0.2  # of the traces that reach the operation: rarer steps are not compared
_LEAST_TRACES = 5  # on either side: fewer may be one caller
_NEARLY_ALL = 0.8  # share from which a step belongs to the operation
_GONE = 0.05  # of the share it had: below, it is gone
_LEAST_RATIO = 1.5  # a share that changed by less is no change, however sure
_CHUNKS = 5  # of traces in the order of time, over which an edge must be steady
_STEADY = 0.5  # of its share that it must have in each chunk
_MOST_ORDERED = 12  # steps of one operation whose order is looked at
_SAME_SHARE = 0.15  # by which the shares of a step and of its replacement may differ
_ALIKE = 0.6  # how much their names must have in common
_BAD = 0.1  # share of failures from which a step is no replacement
_SHOWN = 3
_RANK: dict[Course, int] = {"lost": 0, "new": 1, "replaced": 2, "fewer": 3, "more": 4}
_EDGE = ["kind", "parent", "step", "follows"]


def compare_steps(steps: pl.DataFrame, names: tuple[str, str], basis: Literal["spans", "lines"]) -> Flow:
    """The difference of the second revision to the first; rows as read_steps gives them, both revisions in them."""
    told = steps.with_columns(side=pl.col("revision").replace_strict(list(names), [0, 1], return_dtype=pl.Int8))
    torn = told.filter(pl.col("parent").is_null())
    reached = told.filter(pl.col("parent").is_not_null() & pl.col("step").is_null())
    taken = told.filter(pl.col("step").is_not_null() & (pl.col("step") != ""))
    edges = pl.concat([_calls(reached, taken), _orders(taken)])
    judged = _judged(edges)
    depths = _depths(reached, taken)
    found = [_edge(row, depths, reached, taken) for row in judged.rows(named=True)]
    told_edges = [one for one in found if one is not None]
    counts = [told.filter(side=side) for side in (0, 1)]
    own = [set(reached.filter(side=side)["parent"]) for side in (0, 1)]
    return Flow(
        basis=basis,
        why_not="",
        edges=tuple(sorted(_nearest(_replaced(told_edges, taken)), key=_order)),
        looked=edges.height,
        traces_before=_total(counts[0]),
        traces_after=_total(counts[1]),
        taken_before=counts[0]["trace"].n_unique(),
        taken_after=counts[1]["trace"].n_unique(),
        torn_before=torn.filter(side=0)["trace"].n_unique(),
        torn_after=torn.filter(side=1)["trace"].n_unique(),
        unreached=tuple(sorted(own[0] - own[1])),
    )


def fisher(with_a: int, of_a: int, with_b: int, of_b: int) -> float:
    """Two-sided p-value of two shares being one (Fisher's exact test); 1 where either side has nothing."""
    both, total = with_a + with_b, of_a + of_b
    if not of_a or not of_b or both in {0, total}:
        return 1.0
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, total + 1)))])
    counts = np.arange(max(0, both - of_b), min(both, of_a) + 1)
    chances = (
        logs[of_a] - logs[counts] - logs[of_a - counts]
        + logs[of_b] - logs[both - counts] - logs[of_b - both + counts]
        - (logs[total] - logs[both] - logs[total - both])
    )  # fmt: skip
    own = chances[with_a - counts[0]]
    return float(min(1.0, np.exp(chances[chances <= own + 1e-7]).sum()))


def _calls(reached: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Per operation and step the traces with it and those that reach the operation, of operations that both reach."""
    reach = _sided(reached.group_by("side", "parent").agg(many=pl.col("trace").n_unique()), ["parent"], "reached")
    reach = reach.filter(pl.min_horizontal("reached_0", "reached_1") >= _LEAST_TRACES)
    counts = _sided(taken.group_by("side", "parent", "step").agg(many=pl.len()), ["parent", "step"], "with")
    return (
        counts.join(reach, on="parent")
        .filter(
            pl.max_horizontal(pl.col("with_0") / pl.col("reached_0"), pl.col("with_1") / pl.col("reached_1"))
            >= _LEAST_SHARE
        )
        .select(
            pl.lit("call").alias("kind"), "parent", "step", pl.lit("").alias("follows"),
            "with_0", "reached_0", "with_1", "reached_1",
        )
        .sort(_EDGE)
    )  # fmt: skip


def _orders(taken: pl.DataFrame) -> pl.DataFrame:
    """Per operation and pair of steps that both sides take in one trace: in how many of these one came after the other.

    Only for the steps that most traces have: pairs grow with their square.
    """
    frequent = (
        taken.group_by("parent", "step")
        .agg(many=pl.len(), sides=pl.col("side").n_unique())
        .filter(sides=2)
        .sort("many", "step", descending=[True, False])
        .group_by("parent", maintain_order=True)
        .head(_MOST_ORDERED)
        .select("parent", "step")
    )
    own = taken.join(frequent, on=["parent", "step"]).select("side", "trace", "parent", "step", "begin_ns", "end_ns")
    pairs = own.join(own, on=["side", "trace", "parent"], suffix="_then").filter(pl.col("step") != pl.col("step_then"))
    is_after = (pl.col("end_ns") <= pl.col("begin_ns_then")) & (pl.col("begin_ns") < pl.col("begin_ns_then"))
    counted = pairs.group_by("side", "parent", "step", "step_then").agg(
        many=is_after.fill_null(value=False).sum(), both=pl.len()
    )
    keys = ["parent", "step", "step_then"]
    sides = _sided(counted, keys, "with").join(_sided(counted.with_columns(many="both"), keys, "reached"), on=keys)
    return (
        sides.filter(pl.min_horizontal("reached_0", "reached_1") >= _LEAST_TRACES)
        .select(
            pl.lit("order").alias("kind"), "parent", pl.col("step_then").alias("step"),
            pl.col("step").alias("follows"), "with_0", "reached_0", "with_1", "reached_1",
        )
        .sort(_EDGE)
    )  # fmt: skip


def _sided(counts: pl.DataFrame, keys: Sequence[str], name: str) -> pl.DataFrame:
    """The column `many` of both sides beside each other, 0 where a side has no row."""
    sides = [
        counts.filter(side=side).select(*keys, pl.col("many").cast(pl.Int64).alias(f"{name}_{side}")) for side in (0, 1)
    ]
    return sides[0].join(sides[1], on=list(keys), how="full", coalesce=True).fill_null(0)


def _judged(edges: pl.DataFrame) -> pl.DataFrame:
    """The edges whose share changed, with `p_value` and `course`."""
    counts = edges.select("with_0", "reached_0", "with_1", "reached_1").rows()
    values = holm([fisher(*row) for row in counts])
    before, after = pl.col("with_0") / pl.col("reached_0"), pl.col("with_1") / pl.col("reached_1")
    less, more = pl.min_horizontal(before, after), pl.max_horizontal(before, after)
    is_whole = (more >= _NEARLY_ALL) & (less <= _GONE * more)
    return (
        edges.with_columns(p_value=pl.Series(values, dtype=pl.Float64))
        .filter((pl.col("p_value") <= ALPHA) & (more >= _LEAST_RATIO * less))
        .with_columns(
            course=pl.when(is_whole)
            .then(pl.when(before > after).then(pl.lit("lost")).otherwise(pl.lit("new")))
            .otherwise(pl.when(before > after).then(pl.lit("fewer")).otherwise(pl.lit("more")))
        )
        .filter((pl.col("kind") == "call") | pl.col("course").is_in(["lost", "new"]))
    )


def _edge(
    row: dict[str, object], depths: dict[str, int], reached: pl.DataFrame, taken: pl.DataFrame
) -> FlowEdge | None:
    """The record of a row of _judged; None where the edge comes and goes with time."""
    parent, step, follows = str(row["parent"]), str(row["step"]), str(row["follows"])
    is_less = row["course"] in {"lost", "fewer"}
    side = 0 if is_less else 1
    with_step = taken.filter(parent=parent, step=step)
    if row["kind"] == "call":
        if not _is_steady(reached.filter(parent=parent, side=side), set(with_step.filter(side=side)["trace"])):
            return None
        follows = _predecessor(taken.filter(parent=parent, side=side), step)
    elif not is_less and int(str(row["with_0"])) == 0 and not _was_apart(taken, parent, (follows, step)):
        return None
    here = reached.filter(parent=parent, side=1)["trace"].sort()
    known = with_step.filter(side=1)["trace"]
    shown = here.filter(here.is_in(known.implode()) != is_less) if row["kind"] == "call" else here
    return FlowEdge(
        kind="call" if row["kind"] == "call" else "order",
        parent=parent,
        step=step,
        follows=follows,
        with_before=int(str(row["with_0"])),
        reached_before=int(str(row["reached_0"])),
        with_after=int(str(row["with_1"])),
        reached_after=int(str(row["reached_1"])),
        p_value=float(str(row["p_value"])),
        course=row["course"],  # type: ignore[arg-type] # one of the five that _judged writes
        depth=depths.get(parent, 0),
        traces=tuple(shown.head(_SHOWN).to_list()),
    )


def _total(rows: pl.DataFrame) -> int:
    """How many traces there are, of which these rows tell some."""
    return max(rows["traces"].unique().to_list(), default=0)


def _was_apart(taken: pl.DataFrame, parent: str, pair: tuple[str, str]) -> bool:
    """Before, the two steps ran side by side in most traces, and were not merely in the other order."""
    one, two = (taken.filter(parent=parent, step=name, side=0).select("trace", "begin_ns", "end_ns") for name in pair)
    both = one.join(two, on="trace", suffix="_then")
    overlap = (pl.col("end_ns") > pl.col("begin_ns_then")) & (pl.col("end_ns_then") > pl.col("begin_ns"))
    return bool(both.height) and float(both.select(overlap.mean()).item() or 0.0) >= _NEARLY_ALL


def _is_steady(reached: pl.DataFrame, having: set[str]) -> bool:
    """In each stretch of time the edge has at least half of its share."""
    ordered = reached.sort("at_ns", "trace")["trace"].to_list()
    share = len(having) / max(1, len(ordered))
    size = max(1, -(-len(ordered) // _CHUNKS))
    chunks = [ordered[at : at + size] for at in range(0, len(ordered), size)]
    return all(sum(trace in having for trace in chunk) >= _STEADY * share * len(chunk) - 1 for chunk in chunks)


def _predecessor(taken: pl.DataFrame, step: str) -> str:
    """The step that most often began last before it in the operation; "" where it is mostly the first."""
    before = (
        taken.sort("trace", "begin_ns", "step")
        .with_columns(earlier=pl.col("step").shift(1).over("trace"))
        .filter(step=step)["earlier"]
        .fill_null("")
    )
    counted = before.value_counts(name="many").sort("many", "earlier", descending=[True, False])
    return str(counted["earlier"][0]) if counted.height else ""


def _depths(reached: pl.DataFrame, taken: pl.DataFrame) -> dict[str, int]:
    """How many operations lie between the entry of the service and each; circles are gone round once."""
    below: dict[str, set[str]] = defaultdict(set)
    for parent, step in taken.select("parent", "step").unique().rows():
        below[parent].add(step)
    front = sorted(set(reached.filter(pl.col("is_entry"))["parent"]))
    depths: dict[str, int] = {}
    level = 0
    while front:
        depths |= dict.fromkeys(front, level)
        front = sorted({step for parent in front for step in below[parent]} - depths.keys())
        level += 1
    return depths


def _replaced(edges: Sequence[FlowEdge], taken: pl.DataFrame) -> list[FlowEdge]:
    """A lost and a new step of one operation with like names and shares are one that got another name."""
    lost = [one for one in edges if one.kind == "call" and one.course == "lost"]
    fresh = [one for one in edges if one.kind == "call" and one.course == "new"]
    pairs: dict[FlowEdge, FlowEdge] = {}
    for old in lost:
        fitting = [
            (_likeness(old.step, new.step), new)
            for new in fresh
            if new.parent == old.parent
            and new not in pairs.values()
            and abs(old.with_before / old.reached_before - new.with_after / new.reached_after) <= _SAME_SHARE
            and not _fails(taken, new)
        ]
        best = max(fitting, key=lambda one: (one[0], one[1].step), default=None)
        if best is not None and best[0] >= _ALIKE:
            pairs[old] = best[1]
    told = [one for one in edges if one not in pairs and one not in pairs.values()]
    return [*told, *(replace(old, course="replaced", replaced_by=new.step) for old, new in pairs.items())]


def _likeness(one: str, two: str) -> float:
    return difflib.SequenceMatcher(None, one, two, autojunk=False).ratio()


def _fails(taken: pl.DataFrame, edge: FlowEdge) -> bool:
    rows = taken.filter(parent=edge.parent, step=edge.step, side=1)
    return float(rows.select(pl.col("is_bad").mean()).item() or 0.0) > _BAD


def _nearest(edges: Sequence[FlowEdge]) -> list[FlowEdge]:
    """Each step of an operation in one changed order at most, the surest; none that is itself lost or new."""
    told = [one for one in edges if one.kind == "call"]
    moved = {(one.parent, name) for one in told for name in (one.step, one.replaced_by)}
    for one in sorted((one for one in edges if one.kind == "order"), key=lambda one: (one.p_value, one.follows)):
        pair = {(one.parent, one.step), (one.parent, one.follows)}
        if moved.isdisjoint(pair):
            moved |= pair
            told.append(one)
    return told


def _order(one: FlowEdge) -> tuple[object, ...]:
    """Lost before new; the larger change first, by tenths; of equals the deeper operation, then the earlier step."""
    change = abs(one.with_after / one.reached_after - one.with_before / one.reached_before)
    return _RANK[one.course], -round(change, 1), -one.depth, one.kind, one.parent, one.follows != "", one.step
