"""What is read of requests that hang: where times pile up at a limit, the requests there, and how long others take."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from msgspec import Struct, field

from classifiers.history import History
from classifiers.limits import LEAST_NS, Limit, find_limits
from classifiers.origin import origin_params
from classifiers.traces import Traces
from collector.records import Revision
from collector.replacing import replace
from collector.store import Reader

__all__ = ["Hangs", "read_hangs"]

_FAR_ABOVE = 5.0  # times the median of the others: what usually takes long is no hang
_OTHERS = 10  # requests of a route that tell what is usual
_LATE_NS = 600_000_000_000  # before the end of what is known: a span that began since may still come
_TRACES = 4000  # of hung requests whose way through other services is read


class Hangs(Struct, frozen=True):
    """Limits at which requests of a route pile up, far above what others take.

    Limits of 0 s are those of requests that never ended (find_unfinished_requests). usual_ns: the median of the others,
    by (source, service, route). rows: find_hung_requests; calls: count_calls_made; outliving: count_outliving_spans;
    traces: what else happened in those of the hung requests.
    """

    limits: tuple[Limit, ...] = ()
    usual_ns: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    calls: pl.DataFrame = field(default_factory=pl.DataFrame)
    outliving: pl.DataFrame = field(default_factory=pl.DataFrame)
    traces: Traces | None = None

    def seen_in(self, history: History) -> History:
        """The history with the traces of hung requests among those that are known."""
        if self.traces is None:
            return history
        known, more = history.traces, self.traces
        requests = pl.concat([known.requests, more.requests], how="diagonal").unique(maintain_order=True)
        spans = pl.concat([known.spans, more.spans]).unique(maintain_order=True)
        return replace(history, traces=Traces(requests, spans))


def read_hangs(reader: Reader, history: History) -> Hangs:
    """The hangs of a history; of most histories a single query, that of long requests."""
    span = {"start_ns": history.start_ns, "end_ns": history.window.end_ns}
    variable = {"variable_parts": origin_params()["variable_parts"]}
    long = reader.frame("count_long_requests", least_ns=LEAST_NS, **span, **variable)
    limits = find_limits(long, _timeouts(history.revisions))
    usual = _usual(reader.frame("count_usual_times", **_asked(limits), **span, **variable)) if limits else {}
    kept = [one for one in limits if _is_far(one, usual)]
    endless = _endless(reader, history, variable)
    if not kept and not endless.height:
        return Hangs()
    parts = [endless]
    if kept:
        parts.append(reader.frame("find_hung_requests", **_asked(kept), **span, **variable))
    rows = pl.concat([one.select(parts[-1].columns) for one in parts])
    called = [one for one in kept if one.source == "calls"]
    traces = rows["trace"].unique(maintain_order=True).head(_TRACES).to_list()
    known = rows.filter(pl.col("took_ns") > 0).head(_TRACES)
    return Hangs(
        limits=(*kept, *_without_end(endless)),
        usual_ns={key: median for key, (_, median) in usual.items()},
        rows=rows,
        calls=reader.frame(
            "count_calls_made", services=[one.service for one in called], routes=[one.route for one in called], **span
        ),
        outliving=reader.frame(
            "count_outliving_spans", traces=known["trace"].to_list(),
            ends=(known["at_ns"] + known["took_ns"]).to_list(), **span,
        ),
        traces=Traces(
            reader.frame("find_trace_requests", traces=traces, **span),
            reader.frame("find_trace_spans", traces=traces, **span),
        )
        if traces
        else None,
    )  # fmt: skip


def _endless(reader: Reader, history: History, variable: Mapping[str, str]) -> pl.DataFrame:
    """Requests that never ended, of routes and services where as many others did."""
    found = reader.frame(
        "find_unfinished_requests", start_ns=history.start_ns, end_ns=history.end_ns,
        until_ns=history.end_ns - _LATE_NS, least_ns=LEAST_NS, **variable,
    )  # fmt: skip
    return found.filter(pl.col("others") >= _OTHERS)


def _without_end(endless: pl.DataFrame) -> list[Limit]:
    """Routes on which requests never ended."""
    counted = endless.group_by("source", "project", "service", "route").len().sort(pl.all())
    return [Limit(source, project, service, route, 0.0, 0, 0, many, False) for source, project, service, route, many
            in counted.iter_rows()]  # fmt: skip


def _timeouts(revisions: Sequence[Revision]) -> dict[str, set[int]]:
    """The timeouts of requests that revisions of each service had, in seconds."""
    found: dict[str, set[int]] = {}
    for one in revisions:
        seconds = (one.config or {}).get("timeout_s")
        if isinstance(seconds, int) and seconds > 0:
            found.setdefault(one.service, set()).add(seconds)
    return found


def _asked(limits: Sequence[Limit]) -> dict[str, list[Any]]:
    """Parameters of the queries that look at some routes alone."""
    return {
        "sources": [one.source for one in limits],
        "services": [one.service for one in limits],
        "routes": [one.route for one in limits],
        "lows": [one.low_ns for one in limits],
        "highs": [one.high_ns for one in limits],
    }


def _usual(told: pl.DataFrame) -> dict[tuple[str, str, str], tuple[int, int]]:
    """How many other requests each route has, and their median."""
    return {(source, service, route): (others, median) for source, service, route, others, median in told.iter_rows()}


def _is_far(limit: Limit, usual: Mapping[tuple[str, str, str], tuple[int, int]]) -> bool:
    others, median = usual.get((limit.source, limit.service, limit.route), (0, 0))
    return others >= _OTHERS and median * _FAR_ABOVE <= limit.low_ns
