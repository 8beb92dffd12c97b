"""What is read of how long requests take: counts of all operations, and every request of those that became slower.

One pass over the window and its baseline counts durations in buckets; only operations whose distribution shifted are
read again, request by request, with the spans inside some of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.config import LatencyConfig
from classifiers.latency_effect import PER_OCTAVE, Effect, effect_of, quantile_ns
from classifiers.latency_shift import Counted, Shift, best_shift, cuts_of, least_gain, share_gains, summed
from classifiers.origin import origin_params
from classifiers.traces import Traces
from collector.replacing import replace
from collector.store import Reader
from collector.window import Window

__all__ = ["LATENCY_TABLES", "Latencies", "Slowed", "read_latencies"]

LATENCY_TABLES = (  # what a reader is laid before it is asked for latencies, in this order
    "create_latency_sources", "create_latency_spans", "create_latency_failed", "create_latency_answered",
    "create_latency_rows", "create_latency_counts", "create_latency_operations",
)  # fmt: skip

_TEN_MINUTES_NS = 600_000_000_000
_BINS = 150  # at most: all pairs of them are looked at
_LEAST = 32  # requests of an operation, below which two distributions cannot be known
_MOST = 20  # operations told; more of them became slower together, and the largest ones say so
_TRIALS = 40_000  # requests read of them all: shares need no more
_PARTED = 150  # requests of before, and as many since, whose spans are read
_TRACES = 1_000  # slow requests of an operation whose way through other services is read
_AFTER = 10  # requests after a stretch from which it is over
_STREAM_NS = 60e9  # an answer that usually lasts longer ends when the asker wants, or at a limit
_RARE = 0.25  # share of its good time that may be as slow as what is called slow
_AS_GOOD = 2.0  # log-likelihood below the best that is still as good
_STEPS = 20  # durations tried between that and the slowest of it
_KEYS = ["project", "service", "source", "operation"]
_GROUPS = ["revision_id", "origin", "bin", "bucket"]


class Slowed(Struct, frozen=True):
    """One operation that became slower from first_ns until last_ns, on all revisions or on one.

    `slow_ns`: above it a request is slow; few were in the good time before.
    """

    project: str
    service: str
    source: str  # requests | spans
    operation: str
    first_ns: int
    last_ns: int
    revision: str | None
    is_over: bool
    gain: float
    effect: Effect
    slow_ns: int = 0

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What names it."""
        return self.project, self.service, self.source, self.operation


class Latencies(Struct, frozen=True):
    """Operations that became slower. `looks`: how many were compared.

    trials: their requests (_KEYS, revision, at_ns, duration_ns, trace, origin, is_since, is_bad); parts: rows of
    find_latency_parts of some of them; traces: the ways of slow ones through all services.
    """

    slowed: tuple[Slowed, ...]
    trials: pl.DataFrame
    parts: pl.DataFrame
    traces: Traces
    looks: int


def read_latencies(reader: Reader, *, start_ns: int, window: Window, config: LatencyConfig) -> Latencies:
    """What became slower within [start_ns, window.end_ns) and was so in the window."""
    span = {"start_ns": start_ns, "end_ns": window.end_ns}
    bin_ns = _bin_ns(window.end_ns - start_ns)
    names = _laid(reader, span, bin_ns)
    counts = reader.frame("count_latencies")
    found, looks = _find(counts, names, window, bin_ns, config)
    slowed, trials = _tried(found, _trials(reader, found, names, span), bin_ns)
    if not slowed:  # nobody asks where the time went
        return Latencies((), trials, pl.DataFrame(), Traces(pl.DataFrame(), pl.DataFrame()), looks)
    traces = _traces(trials)
    return Latencies(
        slowed,
        trials,
        _parts(reader, trials, span),
        Traces(
            reader.frame("find_trace_requests", traces=traces, **span, **origin_params()),
            reader.frame("find_trace_spans", traces=traces, **span),
        ),
        looks,
    )


def _laid(reader: Reader, span: Mapping[str, int], bin_ns: int) -> pl.DataFrame:
    """Lays how long every request took beside the reader; gives the names of operations and revisions."""
    params: dict[str, Any] = {**span, **origin_params(), "bin_ns": bin_ns, "per_octave": PER_OCTAVE}
    for query in LATENCY_TABLES:
        reader.lay(query, **params)
    return reader.frame("find_latency_operations")


def _trials(
    reader: Reader, found: Sequence[Slowed], names: pl.DataFrame, span: Mapping[str, int]
) -> pl.DataFrame:  # fmt: skip
    """The requests of these operations, every one or so many that shares are known."""
    keys = pl.DataFrame([one.key for one in found], dict.fromkeys(_KEYS, pl.String), orient="row")
    wanted = names.join(keys, on=_KEYS, how="semi")["operation_id"].unique().sort().to_list()
    many = sum(one.effect.before + one.effect.since for one in found)
    return reader.frame("find_latency_trials", operations=wanted, every=-(-many // _TRIALS) or 1, **span)


def _bin_ns(long_ns: int) -> int:
    """Ten minutes, or as many times that as leave few enough bins."""
    return _TEN_MINUTES_NS * max(1, -(-long_ns // (_BINS * _TEN_MINUTES_NS)))


def _find(
    counts: pl.DataFrame, names: pl.DataFrame, window: Window, bin_ns: int, config: LatencyConfig
) -> tuple[list[Slowed], int]:
    """Operations that shifted by as much as matters, the surest first; and how many were compared."""
    if not counts.height:
        return [], 0
    cells = _Cells.of(counts, names.height)
    known = np.flatnonzero(cells.asked >= _LEAST)
    found: list[Slowed] = []
    for place, shift in zip(known.tolist(), cells.shifts(known, least_gain(len(known))), strict=True):
        if shift is None or (cells.began + shift.last + 1) * bin_ns <= window.start_ns:
            continue
        own = counts.filter(pl.col("operation_id") == place).group_by(_GROUPS).agg(pl.col("requests").sum())
        named = names.filter(pl.col("operation_id") == place)
        counted = _arrays(own.sort(_GROUPS).cast({"bin": pl.Int64, "bucket": pl.Int64}), cells)
        if quantile_ns(counted.bucket, counted.many, 0.5) >= _STREAM_NS:
            continue
        key = named.select(_KEYS).row(0)
        effect = effect_of(counted, shift, load=_load(counts, names, cells, key), first_bin=cells.began, bin_ns=bin_ns)
        if effect is not None and effect.matters(least_times=config.least_times, least_ns=config.least_ms * 1e6):
            revisions = named["revision"].to_list()
            found.append(_slowed(key, counted, shift, effect, revisions, (cells.began, bin_ns)))
    found.sort(key=lambda one: (-one.gain, one.key))
    return found[:_MOST], len(known)


def _load(
    counts: pl.DataFrame, names: pl.DataFrame, cells: "_Cells", key: Sequence[object]
) -> NDArray[np.float64]:  # fmt: skip
    """Requests of the whole service of an operation, per bin."""
    own = names.filter((pl.col("project") == key[0]) & (pl.col("service") == key[1]))["operation_id"].unique()
    load = counts.filter(pl.col("operation_id").is_in(own.implode()))
    return summed(load["bin"].to_numpy() - cells.began, load["requests"].cast(pl.Float64).to_numpy(), cells.bins)


class _Cells(Struct, frozen=True):
    """The counts of all operations as numbers, an element a row; `asked` of each operation, in the order of their keys.

    Sums of whole numbers need no order, and nothing is sorted or parted by its names.
    """

    operation: NDArray[np.int64]
    pair: NDArray[np.int64]  # of an operation and a revision, in their order
    owner: NDArray[np.int64]  # the operation of each pair
    bin: NDArray[np.int64]
    bucket: NDArray[np.int64]
    many: NDArray[np.float64]
    asked: NDArray[np.float64]
    began: int
    bins: int

    @classmethod
    def of(cls, counts: pl.DataFrame, most: int) -> "_Cells":
        """Of rows of count_latencies, at least one; at most so many revisions."""
        operation, revision, bins, buckets = (
            counts[name].cast(pl.Int64).to_numpy() for name in ("operation_id", "revision_id", "bin", "bucket")
        )
        most = max(most, int(revision.max()) + 1)
        pair = _numbered(operation * most + revision)
        owner = np.zeros(int(pair.max()) + 1, dtype=np.int64)
        owner[pair] = operation
        many = counts["requests"].cast(pl.Float64).to_numpy()
        began = int(bins.min())
        return cls(
            operation, pair, owner, bins - began, buckets - int(buckets.min()), many,
            summed(operation, many, int(operation.max()) + 1), began, int(bins.max()) - began + 1,
        )  # fmt: skip

    def shifts(self, operations: NDArray[np.int64], least: float) -> list[Shift | None]:
        """The best shift of each of these operations, where it wins `least`."""
        wide = int(self.bucket.max()) + 1
        cells = self.operation * wide + self.bucket
        each = summed(cells, self.many, len(self.asked) * wide).reshape(-1, wide)
        passed = np.zeros((len(self.asked), wide), dtype=np.int64)  # by a duration of an operation: so many of its cuts
        for place in operations.tolist():
            passed[place] = np.searchsorted(cuts_of(each[place]), np.arange(wide))
        most = int(passed.max())
        slow = summed(
            (passed.ravel()[cells] * len(self.owner) + self.pair) * self.bins + self.bin, self.many,
            (most + 1) * len(self.owner) * self.bins,
        ).reshape(most + 1, -1, self.bins)  # fmt: skip
        for cut in range(most, 0, -1):
            slow[cut - 1] += slow[cut]
        begin, end = (np.searchsorted(self.owner, operations, side) for side in ("left", "right"))
        cuts = passed[operations, -1]
        return [
            best_shift(slow[0, own], slow[1 : 1 + many, own], least=least)
            for own, many in zip(map(slice, begin, end), cuts, strict=True)
        ]


def _numbered(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers from 0 on for keys, in their order."""
    present = np.zeros(int(keys.max()) + 1, dtype=np.bool_)
    present[keys] = True
    found: NDArray[np.int64] = (np.cumsum(present) - 1)[keys]
    return found


def _arrays(own: pl.DataFrame, cells: "_Cells") -> Counted:
    """The rows of one operation, in order, as arrays."""
    senders = own["origin"].unique().sort().to_list()
    origin = own["origin"].replace_strict(senders, range(len(senders)), return_dtype=pl.Int64).to_numpy()
    revision = _numbered(own["revision_id"].cast(pl.Int64).to_numpy())
    many = own["requests"].cast(pl.Float64).to_numpy()
    return Counted(revision, origin, own["bin"].to_numpy() - cells.began, own["bucket"].to_numpy(), many, cells.bins)


def _slowed(
    key: Sequence[object], counted: Counted, shift: Shift, effect: Effect, names: Sequence[str], place: tuple[int, int]
) -> Slowed:
    began, bin_ns = place
    after = float(counted.many[counted.bin > shift.last].sum())
    project, service, source, operation = map(str, key)
    return Slowed(
        project, service, source, operation,
        first_ns=(began + shift.first) * bin_ns,
        last_ns=(began + shift.last + 1) * bin_ns,
        revision=None if shift.revision is None else names[shift.revision],
        is_over=after >= _AFTER,
        gain=shift.gain,
        effect=effect,
    )  # fmt: skip


def _tried(found: Sequence[Slowed], rows: pl.DataFrame, bin_ns: int) -> tuple[tuple[Slowed, ...], pl.DataFrame]:
    """Every request of these operations with whether it is of the slower time, and whether it was slow."""
    rows = rows.select(*_KEYS, "revision", "at_ns", "duration_ns", "trace", "origin")
    own = rows.partition_by(_KEYS, as_dict=True)
    slowed: list[Slowed] = []
    trials: list[pl.DataFrame] = [rows.clear().with_columns(is_since=pl.lit(value=True), is_bad=pl.lit(value=True))]
    for one in found:
        frame = own.get(one.key)
        if frame is None:
            continue
        within = pl.col("at_ns").is_between(one.first_ns, one.last_ns, closed="left")
        since = within if one.revision is None else within & (pl.col("revision") == one.revision)
        frame = frame.with_columns(is_since=since)
        good = frame.filter(~pl.col("is_since") & (pl.col("at_ns") < one.first_ns))["duration_ns"]
        if not len(good):
            good = frame.filter(~pl.col("is_since"))["duration_ns"]
        if not len(good):
            continue
        slow_ns = _slow_ns(good.to_numpy(), frame.filter("is_since")["duration_ns"].to_numpy())
        bad = pl.col("duration_ns") > slow_ns
        if one.is_over and one.revision is None:  # the few that are slow at any time would let it never end
            bad &= pl.col("at_ns").is_between(one.first_ns - bin_ns, one.last_ns + bin_ns)
        elif one.is_over:  # ... on revisions of before; later ones may have it too
            old = frame.filter(pl.col("at_ns") < one.first_ns)["revision"].unique().to_list()
            bad &= (pl.col("at_ns") <= one.last_ns + bin_ns) | ~pl.col("revision").is_in(old)
        slowed.append(replace(one, slow_ns=slow_ns))
        trials.append(frame.with_columns(is_bad=bad))
    return tuple(slowed), pl.concat(trials).sort(*_KEYS, "at_ns", "trace")


def _slow_ns(good: NDArray[np.int64], since: NDArray[np.int64]) -> int:
    """The duration that parts both times best, of those that few of the good time exceed; the longest as good as it.

    It is a quantile of the good time: the single requests since move it no further than from one step to the next.
    """
    steps = np.unique(np.quantile(good, np.linspace(1 - _RARE, 1.0, _STEPS), method="higher"))
    before, after = (
        len(own) - np.searchsorted(np.sort(own), steps, side="right").astype(np.float64) for own in (good, since)
    )
    asked = np.full(len(steps), float(len(since)))
    gains = share_gains(after, asked, before + after, asked + len(good))
    return int(steps[np.flatnonzero(gains >= gains.max() - _AS_GOOD)[-1]])


def _traces(trials: pl.DataFrame) -> list[str]:
    """The keys of slow requests, some thousand at most, spread over each operation's time."""
    slow = trials.filter(pl.col("is_bad") & pl.col("is_since"))
    thin = slow.filter(pl.int_range(pl.len()).over(_KEYS) % (pl.len().over(_KEYS) // _TRACES + 1) == 0)
    return thin["trace"].drop_nulls().unique().sort().to_list()


def _parts(reader: Reader, trials: pl.DataFrame, span: Mapping[str, int]) -> pl.DataFrame:
    """Where the time went of some requests of before and of some since."""
    told = trials.filter(~pl.col("trace").str.starts_with("request:"))
    sides = [*_KEYS, "is_since"]
    thin = told.filter(pl.int_range(pl.len()).over(sides) % (pl.len().over(sides) // _PARTED + 1) == 0)
    return reader.frame(
        "find_latency_parts", traces=thin["trace"].to_list(), services=thin["service"].to_list(),
        starts=thin["at_ns"].to_list(), variable_parts=origin_params()["variable_parts"], **span,
    )  # fmt: skip
