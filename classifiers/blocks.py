"""Blocks: triggers whose event comes after some of them only, put together until one event at least is due.

One such trigger without its event says nothing; so many in a row that hardly ever went by without one do. A block is a
trial like any other: bad where none of its triggers had the event. How long it must be is told by the rate, and by how
steadily the event comes at that rate.
"""

import math

import polars as pl

__all__ = ["in_blocks"]

_NEARLY_ALWAYS = 0.8  # rate from which every trigger is a trial of its own
_EMPTY = 0.03  # share of blocks without an event, at the rate and by chance alone
_UNSTEADY = 0.06  # ... that is met where the event comes as ever
_LONGEST = 3.0  # times the length that chance alone asks for
_LEAST = 8  # blocks where the event comes as ever
_LEAST_TRIALS = 10  # of a revision, for its rate to be known
_AS_EVER = 0.5  # of the highest rate of a revision


def in_blocks(trials: pl.DataFrame) -> pl.DataFrame:
    """Blocks as rows of TRIAL_SCHEMA: time, trace and origin are those of the first trigger, the revision is of all.

    The trials themselves where the event nearly always comes; no rows where it comes too unsteadily to be missed.
    """
    usual = _as_ever(trials)
    rate = 1 - float(usual["is_bad"].mean() or 0.0) if usual.height else 0.0  # type: ignore[arg-type]  # Float64
    if rate >= _NEARLY_ALWAYS:
        return trials
    if not rate:
        return trials.clear()
    shortest = math.ceil(math.log(_EMPTY) / math.log(1 - rate))
    ordered = trials.sort("revision", "at_ns", "trace", maintain_order=True)
    for size in range(shortest, math.ceil(_LONGEST * shortest) + 1, max(1, shortest // 4)):
        whole = _blocks(usual.sort("revision", "at_ns", "trace", maintain_order=True), size)
        if whole.height < _LEAST:
            break
        if whole["is_bad"].sum() <= max(1.0, _UNSTEADY * whole.height):
            return _blocks(ordered, size)
    return trials.clear()


def _as_ever(trials: pl.DataFrame) -> pl.DataFrame:
    """Trials of revisions on which the event comes as often as on the best, up to its last one there."""
    came = (
        trials.group_by("revision")
        .agg(
            rate=1 - pl.col("is_bad").mean(),
            many=pl.len(),
            last_ns=pl.col("at_ns").filter(~pl.col("is_bad")).max(),
        )
        .filter(pl.col("many") >= _LEAST_TRIALS)
    )
    best = came.filter(pl.col("rate") >= _AS_EVER * pl.col("rate").max())
    return (
        trials.join(best.select("revision", "last_ns"), on="revision", maintain_order="left")
        .filter(pl.col("at_ns") <= pl.col("last_ns"))
        .drop("last_ns")
    )


def _blocks(ordered: pl.DataFrame, size: int) -> pl.DataFrame:
    """So many triggers in a row, of one revision; what is left over belongs to the last block."""
    place = pl.int_range(pl.len()).over("revision") // size
    last = pl.len().over("revision").cast(pl.Int64) // size - 1
    return (
        ordered.with_columns(block=pl.min_horizontal(place, last))
        .filter(pl.col("block") >= 0)
        .group_by("revision", "block", maintain_order=True)
        .agg(pl.col("at_ns", "trace", "origin").first(), pl.col("is_bad").all())
        .drop("block")
    )
