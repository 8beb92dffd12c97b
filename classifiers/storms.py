"""Storms: the failures of one cluster and its exposure in; whether they came in bursts, and how regularly, out.

A burst is told from a steady rate per request: a busy hour is none. A period is told only when arrivals are too evenly
spaced for accidents of a Poisson process; bursts are one arrival each. Lines of one request are counted apart: a retry
storm fails few requests with many lines.
"""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.findings import Storm

if TYPE_CHECKING:
    from classifiers.cases import Case

__all__ = ["STORM_COLUMNS", "find_period", "find_storm"]

STORM_COLUMNS = ("signature_id", "first_ns", "occurrences", "log", "instance", "trace", "borrowed")  # of find_failures
_LEAST_UNITS = 10  # fewer failures are no storm
_TIMES_AS_DENSE = 4.0  # rate in a burst against the rate between bursts
_MOST_EXPOSURE = 0.5  # share of the time that bursts may take: what fails for longer fails steadily
_EVIDENCE = 10.0  # log-likelihood that bursts must win against one rate, all switches paid
_SHORT_NS = 900_000_000_000  # an episode this short is a burst of its own
_MANY_LINES = 5.0  # of one statement in one request, for a retry storm
_MINUTE_NS = 60_000_000_000

_RATIOS = (1.1, 1.25, 1.5, 2.0, 3.0)  # longest to shortest interval that still counts as one period
_REGULAR = 0.75  # share of the intervals that must lie in that range: some beats are missed
_WIDER = 0.05  # share of the intervals that a wider range must hold beside, to be told instead
_LEVEL = 1e-3  # how often random arrivals may look regular
_LEAST_GAPS = 4
_SHORTEST_S = 0.5  # of a period worth telling
_JUMP = 4.0  # times longer than the longest pause within a burst is the shortest between two


def find_storm(case: "Case", lines: pl.DataFrame) -> Storm | None:
    """The storm of a case since its onset; None when it fails at a steady rate, without a rhythm, once a request.

    lines: the rows of find_failures of the case, with STORM_COLUMNS at least.
    """
    units = case.times_ns[case.fit.index :]
    rows = _rows(lines, case.fit.at_ns)
    per_unit = _lines_per_unit(rows)
    period, is_per_instance = _rhythm(rows)
    spans = _bursts(units, case) if len(units) >= _LEAST_UNITS else []
    if not (spans or period or per_unit >= _MANY_LINES):
        return None
    begin, end = (spans[0][0], spans[-1][1]) if spans else (int(units[0]), int(units[-1]))
    failed = [_between(units, *span) for span in spans]
    return Storm(
        first_ns=begin,
        last_ns=end,
        bursts=len(spans),
        units=sum(failed) if spans else len(units),
        peak_per_minute=_peak(units),
        failed_share=_failed_share(units, case, spans or [(begin, end)]) if case.is_counted else None,
        period_s=period,
        is_per_instance=is_per_instance,
        lines_per_unit=round(per_unit, 1),
    )


def find_period(times_ns: NDArray[np.int64]) -> tuple[float, float] | None:
    """The range of the intervals between arrivals at sorted times, in seconds; None unless they are regular.

    Taken as they are, else put together into the bursts that the largest jump among the pauses parts.
    """
    gaps = np.diff(times_ns) / 1e9
    return _period([gaps]) or _period(_between_bursts([gaps]))


class _Rows(Struct, frozen=True):
    """Rows of find_failures as numbers that stand for names, in the order of these; -1 where there is none."""

    first_ns: NDArray[np.int64]
    instance: NDArray[np.int64]
    key: NDArray[np.int64]  # own or borrowed trace
    trace: NDArray[np.int64]
    signature: NDArray[np.int64]
    occurrences: NDArray[np.int64]


def _rows(lines: pl.DataFrame, since_ns: int) -> _Rows:
    """Those from an instant on; requests only where there is nothing else: their time is their start."""
    told = lines.select(
        "first_ns",
        "occurrences",
        (pl.col("log") != "requests").alias("is_line"),
        *(
            name.rank("dense").cast(pl.Int64).fill_null(-1).alias(alias)
            for alias, name in (
                ("instance", pl.col("instance")), ("key", pl.coalesce("trace", "borrowed")),
                ("trace", pl.col("trace")), ("signature", pl.col("signature_id")),
            )
        ),
    )  # fmt: skip
    columns = {name: told[name].to_numpy() for name in told.columns}
    is_late = columns["first_ns"] >= since_ns
    is_line = is_late & columns.pop("is_line")
    chosen = is_line if is_line.any() else is_late
    return _Rows(**{name: column[chosen] for name, column in columns.items()})


def _rhythm(rows: _Rows) -> tuple[tuple[float, float] | None, bool]:
    """The period of all failures together, else of those of each instance; and whether it is one of an instance."""
    order = np.lexsort((rows.instance, rows.first_ns, rows.key))
    order = order[rows.key[order] >= 0]
    firsts = order[np.diff(rows.key[order], prepend=-1) != 0]
    arrivals = firsts if len(firsts) * 2 >= len(rows.key) else np.arange(len(rows.key))  # law 3: a request is one
    arrivals = arrivals[np.lexsort((rows.instance[arrivals], rows.first_ns[arrivals]))]
    times, instances = rows.first_ns[arrivals], rows.instance[arrivals]
    whole = find_period(times)
    names = np.unique(instances)
    if whole or len(names) < 2:  # noqa: PLR2004 - of one instance it is the same
        return whole, False
    parts = [np.diff(times[instances == name]) / 1e9 for name in names]
    own = _period(parts) or _period(_between_bursts(parts))
    return own, own is not None


def _period(parts: list[NDArray[np.float64]]) -> tuple[float, float] | None:
    """The tightest range that holds most intervals, when random ones hardly ever lie so close."""
    gaps = np.sort(np.concatenate(parts)) if parts else np.array([])
    many = len(gaps)
    if many < _LEAST_GAPS:
        return None
    told: tuple[float, float] | None = None
    before = 0
    for ratio in _RATIOS:
        held = np.searchsorted(gaps, gaps * ratio, side="right") - np.arange(many)
        best = int(np.argmax(held))
        low, high = float(gaps[best]), float(gaps[best + held[best] - 1])
        if told and held[best] - before < _WIDER * many:
            break
        is_regular = held[best] >= _REGULAR * many and low >= _SHORTEST_S
        if is_regular and many * len(_RATIOS) * _tail(int(held[best]) - 1, many - 1, _by_chance(ratio)) <= _LEVEL:
            told, before = (low, high), int(held[best])
    return told


def _by_chance(ratio: float) -> float:
    """The most that a range of a to ratio * a can hold of exponential intervals, over all a."""
    scale = np.log(ratio) / (ratio - 1)
    return float(np.exp(-scale) - np.exp(-ratio * scale))


def _between_bursts(parts: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """The intervals from the start of one burst to that of the next; nothing where no jump parts bursts."""
    every = np.sort(np.concatenate(parts)) if parts else np.array([])
    if len(every) < _LEAST_GAPS + 1:
        return []
    floor = np.maximum(every, 1e-3)
    jumps = floor[1:] / floor[:-1]
    place = int(np.argmax(jumps))
    if jumps[place] < _JUMP:
        return []
    pause = every[place]
    starts = []
    for gaps in parts:
        at = np.concatenate([[0.0], np.cumsum(gaps)])
        begins = np.concatenate([[True], gaps > pause])
        starts.append(np.diff(at[begins]))
    return starts


def _tail(least: int, many: int, share: float) -> float:
    """An upper bound of the chance that of `many` at least `least` hit, each with this share (Chernoff)."""
    if many <= 0 or least <= share * many:
        return 1.0
    hit = least / many
    missed = (1 - hit) * np.log((1 - hit) / (1 - share)) if hit < 1 else 0.0
    return float(np.exp(-many * (hit * np.log(hit / share) + missed)))


def _bursts(units: NDArray[np.int64], case: "Case") -> list[tuple[int, int]]:
    """First and last failure of each burst, by time."""
    timeline = case.held.timeline
    places = timeline.bin_of(units)
    first, last = int(places[0]), int(places[-1])
    counts = np.bincount(places - first, minlength=last - first + 1).astype(float)
    exposed = np.maximum(case.held.total[first : last + 1], counts if case.is_counted else np.minimum(counts, 1.0))
    dense = _dense_bins(counts, exposed)
    if dense is None:
        is_over = case.fit.course == "resolved" and units[-1] - units[0] <= _SHORT_NS
        return [(int(units[0]), int(units[-1]))] if is_over else []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dense.astype(int), [0]])))
    spans = []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        inside = units[(places - first >= start) & (places - first < stop)]
        if inside.size:
            spans.append((int(inside[0]), int(inside[-1])))
    return spans


def _dense_bins(counts: NDArray[np.float64], exposed: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Which bins belong to bursts, by the most likely course of two rates; None when one rate explains as much."""
    used = exposed > 0
    counts_used, exposed_used = counts[used], exposed[used]
    if len(counts_used) < 4:  # noqa: PLR2004 - a few minutes are one burst or none
        return None
    low, high = _two_rates(counts_used, exposed_used)
    switch = np.log(len(counts_used)) + 1.0
    is_dense = _course(counts_used, exposed_used, low, high, switch)
    if not is_dense.any() or is_dense.all():
        return None
    high = counts_used[is_dense].sum() / exposed_used[is_dense].sum()
    low = max(counts_used[~is_dense].sum(), 0.5) / exposed_used[~is_dense].sum()
    one = counts_used.sum() / exposed_used.sum()
    rates = np.where(is_dense, high, low)
    gain = float((counts_used * np.log(rates / one) - exposed_used * (rates - one)).sum())
    switches = int(np.abs(np.diff(is_dense.astype(int))).sum())
    is_short = exposed_used[is_dense].sum() <= _MOST_EXPOSURE * exposed_used.sum()
    if gain - switches * switch < _EVIDENCE or high < _TIMES_AS_DENSE * low or not is_short:
        return None
    dense = np.zeros(len(counts), dtype=bool)
    dense[np.flatnonzero(used)[is_dense]] = True
    return dense


def _two_rates(counts: NDArray[np.float64], exposed: NDArray[np.float64]) -> tuple[float, float]:
    """The two rates that part the bins, ordered by their own rate, with the highest likelihood."""
    order = np.argsort(-counts / exposed, kind="stable")
    failed, passed = np.cumsum(counts[order]), np.cumsum(exposed[order])
    inside, outside = failed[:-1], failed[-1] - failed[:-1]
    exposed_in, exposed_out = passed[:-1], passed[-1] - passed[:-1]
    likelihood = inside * np.log(np.maximum(inside, 1e-9) / exposed_in)
    likelihood += outside * np.log(np.maximum(outside, 1e-9) / exposed_out)
    best = int(np.argmax(likelihood))
    return float(max(outside[best], 0.5) / exposed_out[best]), float(max(inside[best], 0.5) / exposed_in[best])


def _course(
    counts: NDArray[np.float64], exposed: NDArray[np.float64], low: float, high: float, switch: float
) -> NDArray[np.bool_]:
    """The most likely sequence of the two rates (Viterbi), each change of rate at a price.

    Within a run of bins that all speak for the same rate no change pays: a run is one step.
    """
    each = counts * np.log(high / low) - exposed * (high - low)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(each > 0)]))
    gains = np.add.reduceat(each, starts).tolist()
    score = [0.0, -switch]
    came: list[tuple[int, int]] = []
    for gain in gains:
        to_low = int(score[1] - switch > score[0])
        to_high = int(score[1] >= score[0] - switch)
        score = [max(score[0], score[1] - switch), max(score[1], score[0] - switch) + gain]
        came.append((to_low, to_high))
    state = int(score[1] > score[0])
    states = []
    for step in reversed(came):
        states.append(state)
        state = step[state]
    return np.repeat(np.array(states[::-1], dtype=bool), np.diff(np.concatenate([starts, [len(each)]])))


def _between(units: NDArray[np.int64], begin: int, end: int) -> int:
    return int(np.searchsorted(units, end, side="right") - np.searchsorted(units, begin, side="left"))


def _peak(units: NDArray[np.int64]) -> int:
    """Most failures within a minute."""
    return int((np.searchsorted(units, units + _MINUTE_NS, side="left") - np.arange(len(units))).max())


def _failed_share(units: NDArray[np.int64], case: "Case", spans: list[tuple[int, int]]) -> float | None:
    """Share of the requests that failed, in the bins that the spans touch."""
    timeline = case.held.timeline
    touched = np.zeros(timeline.bins, dtype=bool)
    for begin, end in spans:
        first, last = timeline.bin_of(np.array([begin, end]))
        touched[first : last + 1] = True
    exposed = float(case.held.total[touched].sum())
    failed = int(touched[timeline.bin_of(units)].sum())
    return round(min(1.0, failed / exposed), 4) if exposed >= 1 else None


def _lines_per_unit(rows: _Rows) -> float:
    """Lines of the most repeated statement in one request: the median over requests; 1 where no trace is known."""
    traced = np.flatnonzero(rows.trace >= 0)
    if not traced.size:
        return 1.0
    order = traced[np.lexsort((rows.signature[traced], rows.trace[traced]))]
    trace, signature = rows.trace[order], rows.signature[order]
    is_first = (np.diff(trace, prepend=-1) != 0) | (np.diff(signature, prepend=-1) != 0)
    per_statement = np.add.reduceat(rows.occurrences[order], np.flatnonzero(is_first))
    starts = np.flatnonzero(np.diff(trace[is_first], prepend=-1) != 0)
    return float(np.median(np.maximum.reduceat(per_statement, starts)))
