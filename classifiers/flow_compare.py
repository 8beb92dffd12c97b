"""Two sets of traces as one sequence of steps: what the typical trace of each does, and how many of both sets do it.

What comes in: rows of find_sequence_steps of traces that enter a service by one operation, before and since. What goes
out: their steps in one order, each with its counts on both sides and what became of it. A step counts once in a trace.
The typical traces (medoids) say which steps are drawn; what became of a step is said by the counts, never by one trace.
"""

from collections.abc import Mapping
from typing import Any, Literal

import polars as pl
from msgspec import Struct

from classifiers.compare import ALPHA
from classifiers.drawn import SequenceStep, StepCount
from classifiers.flow import masked_lines
from classifiers.flow_edges import fisher
from classifiers.flow_typical import find_medoid, merge_keys
from collector.replacing import replace

__all__ = ["Compared", "compare_traces"]

MOST_STEPS = 20
MOST_PARTICIPANTS = 8
_GONE = 0.05  # of the share it had: below, a step is gone
_LEAST_RATIO = 1.5  # a share that changed by less is no change, however sure
_FAILS = 0.1  # share of the traces with a step in which it fails, from which it is worth its place
_TRACES = 3
_TELLING_LINE = 2  # the last rank of lines that changed
_LINES = 6  # of the steps, where spans tell the others
_KEY = ["caller", "callee", "operation", "is_line"]
# Lines that tell of a request again, as servers log them: spans tell the same.
_REQUEST_LINE = r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /"
_STAMP = r"^(?:<(?:time|date|number|duration|ip|uuid|hex)>[\s,:|-]*)+"  # in front of a line: when, and not what


class Compared(Struct, frozen=True):
    """Participants and steps of both typical traces, and what was left out of them."""

    participants: tuple[str, ...]
    steps: tuple[SequenceStep, ...]
    skipped: int
    gaps: int
    trace_before: str
    trace_after: str
    traces_before: int
    traces_after: int


class _Step(Struct, frozen=True):
    """A step under its own names; `rank`: the lower, the more it tells."""

    caller: str
    callee: str
    rank: tuple[int, int]
    told: SequenceStep


def compare_traces(before: pl.DataFrame, after: pl.DataFrame) -> Compared:
    """Both sides in one order; neither may be empty. At most 20 steps between at most 8 participants."""
    rows = _entered_alike(_folded(pl.concat([before.with_columns(side=0), after.with_columns(side=1)])))
    sides = [rows.filter(side=side) for side in (0, 1)]
    medoids = [find_medoid(side, _KEY) for side in sides]
    counts = [_counts(side) for side in sides]
    totals = [side["trace"].n_unique() for side in sides]
    orders = [_keys(side, medoid) for side, medoid in zip(sides, medoids, strict=True)]
    steps: dict[tuple[Any, ...], _Step] = {}
    for old, new in merge_keys(*orders):
        key = orders[0][old] if old is not None else orders[1][new or 0]
        if key not in steps:
            steps[key] = _step(key, counts, totals, place=len(steps))
    return _cut(list(steps.values()), (medoids[0], medoids[1]), (totals[0], totals[1]))


def _folded(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each trace and step, under the names that both sides share."""
    named = rows.with_columns(operation=pl.when("is_line").then(masked_lines(rows["operation"])).otherwise("operation"))
    if not named["is_line"].all():
        named = named.filter(~(pl.col("is_line") & pl.col("operation").str.contains(_REQUEST_LINE)))
    named = named.join(_services_of_peers(named), on="peer", how="left", maintain_order="left").with_columns(
        operation=pl.when("is_line").then(pl.col("operation").str.replace(_STAMP, "")).otherwise("operation"),
        callee=pl.when(pl.col("callee_kind") == "peer").then(pl.coalesce("behind", "callee")).otherwise("callee"),
    )
    answered = pl.col("answered").max().over("caller", "callee", "operation", "is_line")
    named = named.with_columns(operation=pl.when(answered == "").then("operation").otherwise(answered))
    return (
        named.group_by("side", "trace", *_KEY)
        .agg(
            pl.col("begin_ns").min(),
            pl.col("took_ns").sort_by("begin_ns").first(),
            pl.col("is_bad").any(),
            pl.col("text").filter("is_bad").max().fill_null(""),
        )
        .sort("side", "trace", "begin_ns", *_KEY)
    )


def _services_of_peers(rows: pl.DataFrame) -> pl.DataFrame:
    """Names by which callers know a service that answers with spans: `peer` and the service `behind` it.

    A call that never got there has no such span, and is still one to that service.
    """
    known = rows.filter(
        (pl.col("peer") != "") & (pl.col("callee_kind") == "service") & (pl.col("callee") != pl.col("caller"))
    )
    return (
        known.group_by("peer")
        .agg(behind=pl.col("callee").min(), many=pl.col("callee").n_unique())
        .filter(many=1)
        .select("peer", "behind")
    )


def _entered_alike(rows: pl.DataFrame) -> pl.DataFrame:
    """Those of the traces that begin with the call with which most since begin, of the calls that both sides know."""
    first = rows.filter(~pl.col("is_line")).unique(["side", "trace"], keep="first", maintain_order=True)
    begins = first.group_by("caller", "callee", "operation").agg(
        sides=pl.col("side").n_unique(), many=(pl.col("side") == 1).sum()
    )
    both = begins.filter(sides=2).sort("many", "caller", "callee", "operation", descending=[True, False, False, False])
    alike = first.join(both.head(1), on=["caller", "callee", "operation"]).select("side", "trace")
    return rows if both.is_empty() else rows.join(alike, on=["side", "trace"], maintain_order="left")


def _counts(side: pl.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Per step: traces with it, failed ones, median, the words of failures, a sample of traces (failing ones first)."""
    counted = side.group_by(_KEY).agg(
        traces=pl.len(),
        failed=pl.col("is_bad").sum(),
        p50_ns=pl.col("took_ns").median(),
        text=pl.col("text").filter(pl.col("is_bad") & (pl.col("text") != "")).mode().sort().first(),
        sample=pl.col("trace").sort_by(~pl.col("is_bad"), "trace").head(_TRACES),
    )
    return {tuple(row[name] for name in _KEY): row for row in counted.rows(named=True)}


def _keys(side: pl.DataFrame, trace: str) -> list[tuple[Any, ...]]:
    return list(side.filter(trace=trace).select(_KEY).rows())


def _step(
    key: tuple[Any, ...], counts: list[dict[tuple[Any, ...], dict[str, Any]]], totals: list[int], *, place: int
) -> _Step:
    caller, callee, operation, is_line = key
    found = [side.get(key) for side in counts]
    before, after = (_count(row) for row in found)
    chance = fisher(before.traces, totals[0], after.traces, totals[1])
    course = _course(before.traces / totals[0], after.traces / totals[1], chance)
    sample = next(row["sample"] for row in reversed(found) if row)
    fails = after.failed and after.failed >= _FAILS * after.traces and after.fails >= _LEAST_RATIO * before.fails
    is_telling = (course != "kept" and chance <= ALPHA) or fails
    if is_line:
        rank = 0 if fails else _TELLING_LINE if is_telling else _TELLING_LINE + 1
    else:
        rank = 0 if is_telling or not place else 1 if caller != callee else 2
    kind: Literal["call", "line"] = "line" if is_line else "call"
    told = SequenceStep(0, 0, str(operation), kind, course, before, after, chance, 0, tuple(sample))
    return _Step(str(caller), str(callee), (rank, place), told)


def _count(row: Mapping[str, Any] | None) -> StepCount:
    if row is None:
        return StepCount(0)
    p50_ns = None if row["p50_ns"] is None else round(row["p50_ns"])
    return StepCount(int(row["traces"]), int(row["failed"]), p50_ns, str(row["text"] or ""))


def _course(before: float, after: float, chance: float) -> Literal["kept", "lost", "new", "fewer", "more"]:
    """What became of a step by its shares; a smaller change only where it is no chance."""
    if after <= _GONE * before:
        return "lost"
    if before <= _GONE * after:
        return "new"
    if chance <= ALPHA and max(before, after) >= _LEAST_RATIO * min(before, after):
        return "fewer" if after < before else "more"
    return "kept"


def _cut(steps: list[_Step], medoids: tuple[str, str], totals: tuple[int, int]) -> Compared:
    """What there is room for: the steps that tell most, in their order, and how many lie between them."""
    names = _participants(steps)
    fitting = [one for one in steps if one.caller in names and one.callee in names]
    kept = sorted(_telling(fitting), key=lambda one: one.rank[1])
    used = {name for one in kept for name in (one.caller, one.callee)}
    participants = tuple(name for name in names if name in used)
    told, last = [], -1
    for one in kept:
        told.append(
            replace(
                one.told,
                caller=participants.index(one.caller),
                callee=participants.index(one.callee),
                skipped=one.rank[1] - last - 1,
            )
        )
        last = one.rank[1]
    every = {name for one in steps for name in (one.caller, one.callee)}
    left = (len(steps) - len(kept), len(every) - len(participants))
    return Compared(participants, tuple(told), *left, *medoids, *totals)


def _telling(steps: list[_Step]) -> list[_Step]:
    """The steps that tell most; of lines beside spans only some that changed or fail."""
    ordered = sorted(steps, key=lambda one: one.rank)
    if all(one.told.kind == "line" or not one.rank[1] for one in steps):
        return ordered[:MOST_STEPS]
    lines = [one for one in ordered if one.told.kind == "line" and one.rank[0] <= _TELLING_LINE][:_LINES]
    return [one for one in ordered if one.told.kind == "call" or one in lines][:MOST_STEPS]


def _participants(steps: list[_Step]) -> list[str]:
    """Those of the steps that tell most, in the order in which they take part."""
    ordered = list(dict.fromkeys(name for one in steps for name in (one.caller, one.callee)))
    telling = dict.fromkeys(
        name for one in sorted(steps, key=lambda one: one.rank) for name in (one.caller, one.callee)
    )
    wanted = set(list(telling)[:MOST_PARTICIPANTS])
    return [name for name in ordered if name in wanted]
