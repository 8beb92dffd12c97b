"""Exposure: what could have failed, per service, revision, route and origin, on a common grid of time.

Requests are counted; of a service that logs none, the traces whose spans tell that they entered it; where there are no
spans either, the minutes in which its instances wrote anything. Never lines.
"""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from collector.window import NS_PER_S

__all__ = ["MINUTE_NS", "SPAN_EXPOSURE_SCHEMA", "Exposure", "Grid", "Timeline"]

# Rows of count_span_exposure.
SPAN_EXPOSURE_SCHEMA = pl.Schema(
    {
        "project": pl.String(), "service": pl.String(), "revision": pl.String(), "route": pl.String(),
        "origin": pl.String(), "minute": pl.Int64(), "traces": pl.Int64(), "inferred": pl.Int64(),
        "share": pl.Float64(),
    }
)  # fmt: skip

MINUTE_NS = 60 * NS_PER_S
_BINS = 4000  # at most, so that two weeks of many revisions stay small
_LEAST_SHARE = 0.05  # of the traces that must have spans: what fewer of them tell is too uneven
_WHOLE = 0.95  # ... from which all have them, but for those at the ends of what is known
_FLOOR = 1e-9  # exposure that a bin without requests still has, so that time goes on


class Timeline(Struct, frozen=True):
    """Equal bins of whole minutes over [start_ns, end_ns)."""

    start_ns: int
    end_ns: int
    bin_minutes: int
    began_ns: int = 0  # in the first bin: nothing is known from before; as nothing is behind end_ns, in the last one

    @classmethod
    def over(cls, start_ns: int, end_ns: int) -> "Timeline":
        """The finest timeline of at most 4,000 bins, aligned to whole minutes."""
        first = start_ns // MINUTE_NS
        minutes = -(-end_ns // MINUTE_NS) - first
        return cls(first * MINUTE_NS, end_ns, max(1, -(-minutes // _BINS)), start_ns)

    @property
    def bin_ns(self) -> int:
        """Length of a bin."""
        return self.bin_minutes * MINUTE_NS

    @property
    def bins(self) -> int:
        """Number of bins."""
        return max(1, -(-(self.end_ns - self.start_ns) // self.bin_ns))

    def bin_of(self, at_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bin of each instant; instants outside go to the nearest one."""
        return np.clip((at_ns - self.start_ns) // self.bin_ns, 0, self.bins - 1)


_ALMOST = 0.999  # of a bin at most is not known, so that its ends stay in order


class Grid(Struct, frozen=True, dict=True):
    """Exposure of one service by revision and bin; `unit` is what is counted."""

    timeline: Timeline
    unit: Literal["requests", "traces", "minutes", "entries"]
    by_revision: Mapping[str, NDArray[np.float64]]

    @cached_property
    def total(self) -> NDArray[np.float64]:
        """Exposure of all revisions together, per bin."""
        found = np.zeros(self.timeline.bins)
        for counts in self.by_revision.values():
            found += counts
        return found

    @cached_property
    def _edges(self) -> NDArray[np.float64]:
        return np.concatenate([[0.0], np.cumsum(self.total + _FLOOR)])

    @cached_property
    def _ends(self) -> NDArray[np.float64]:
        """Places of the ends of all bins on the timeline; the first and the last bin end where what is known does."""
        line = self.timeline
        ends = np.arange(len(self._edges), dtype=np.float64)
        ends[0] = max(ends[0], min((line.began_ns - line.start_ns) / line.bin_ns, _ALMOST))
        ends[-1] = max(min(ends[-1], (line.end_ns - line.start_ns) / line.bin_ns), ends[-2] + 1 - _ALMOST)
        return ends

    def clock(self, at_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Exposure that had passed at each instant, spread evenly over what is known of its bin."""
        position = (np.asarray(at_ns, dtype=np.float64) - self.timeline.start_ns) / self.timeline.bin_ns
        return np.interp(position, self._ends, self._edges)

    def instant(self, passed: NDArray[np.float64]) -> NDArray[np.int64]:
        """The instant at which so much exposure had passed: the clock, read the other way."""
        position = np.interp(passed, self._edges, self._ends)
        return self.timeline.start_ns + np.round(position * self.timeline.bin_ns).astype(np.int64)

    def share(self, revision: str) -> NDArray[np.float64]:
        """Share of the revision in each bin; bins without exposure take the share of the bin before."""
        if revision not in self._made:
            own = self.by_revision.get(revision, np.zeros(self.timeline.bins))
            total, last = self.total, self._last
            share = np.divide(own, total, out=np.zeros_like(own), where=total > 0)
            self._made[revision] = np.where(last >= 0, share[np.maximum(last, 0)], 0.0)
        return self._made[revision]

    @cached_property
    def _made(self) -> dict[str, NDArray[np.float64]]:
        """Shares that were asked for, each made once."""
        return {}

    @cached_property
    def _last(self) -> NDArray[np.int64]:
        """The last bin up to each that had any exposure; -1 before there was any."""
        total = self.total
        return np.maximum.accumulate(np.where(total > 0, np.arange(len(total)), -1))

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        """A row for each revision, in the order of by_revision."""
        if not self.by_revision:
            return np.zeros((0, self.timeline.bins))
        return np.stack([self.share(name) for name in self.by_revision])

    def parted(self, exposed: NDArray[np.float64]) -> dict[str, float]:
        """What of an exposure per bin came with each revision, if it parted as this one did."""
        return dict(zip(self.by_revision, (self._shares @ exposed).tolist(), strict=True))

    def steady(self) -> "Grid":
        """One and the same exposure in every bin since the first that had any: time itself."""
        began = np.maximum.accumulate(self.total > 0)
        return Grid(self.timeline, self.unit, {"": began * float(self.timeline.bin_minutes)})

    def leaders(self) -> tuple[list[str], NDArray[np.int64]]:
        """Revisions, and the place of the one with most exposure in each bin; -1 before there was any."""
        return self._leaders

    @cached_property
    def _leaders(self) -> tuple[list[str], NDArray[np.int64]]:
        names = sorted(self.by_revision)
        if not names:
            return [], np.full(self.timeline.bins, -1)
        stacked = np.stack([self.by_revision[name] for name in names])
        best = np.where(stacked.sum(axis=0) > 0, stacked.argmax(axis=0), -1)
        last = np.maximum.accumulate(np.where(best >= 0, np.arange(len(best)), -1))
        return names, np.where(last >= 0, best[np.maximum(last, 0)], -1)


class _Rows(Struct, frozen=True):
    """Exposure of one service as arrays, one element a row: where, when and how much; names by their places in lists.

    Every case asks for its own routes and origins: small frames answer that twenty times as slowly.
    """

    revision: NDArray[np.int32]
    route: NDArray[np.int32]
    origin: NDArray[np.int8]
    bin: NDArray[np.int32]
    many: NDArray[np.float64]


class Exposure:
    """All exposure of a history, asked for by service, routes and origins. Grids are made once for each question."""

    def __init__(
        self, requests: pl.DataFrame, minutes: pl.DataFrame, timeline: Timeline, spans: pl.DataFrame | None = None
    ) -> None:
        """Frames of count_exposure with its names, count_instance_minutes and count_span_exposure.

        Where spans are sampled, each stands for as many traces as there are to one that has spans.
        """
        self.timeline = timeline
        spans = SPAN_EXPOSURE_SCHEMA.to_frame() if spans is None else spans.filter(pl.col("share") >= _LEAST_SHARE)
        spans = spans.with_columns(share=pl.when(pl.col("share") >= _WHOLE).then(1.0).otherwise("share"))
        traces = spans.with_columns(many=pl.col("traces") / pl.col("share"))
        self._revisions = _Names(requests["revision"], minutes["revision"], spans["revision"])
        self._routes = _Names(requests["route"], spans["route"])
        self._origins = _Names(requests["origin"], spans["origin"])
        self._requests = self._by_service(requests, "requests")
        self._traces = self._by_service(traces, "many")
        self._shares = _shares(spans)
        self._minutes = self._by_service(minutes.with_columns(route=pl.lit(""), origin=pl.lit("")), "instances")
        self._service_grids: dict[tuple[str, str], Grid] = {}
        self._grids: dict[tuple[object, ...], Grid] = {}
        self._route_counts: dict[tuple[str, str], dict[str, NDArray[np.float64]]] = {}

    def services(self) -> list[tuple[str, str]]:
        """Project and name of every service that was exposed."""
        return sorted({*self._requests, *self._traces, *self._minutes})

    def has_requests(self, project: str, service: str) -> bool:
        """Whether the service logs requests."""
        return (project, service) in self._requests

    def is_asked(self, project: str, service: str) -> bool:
        """Whether it is known how often the service was asked: from its requests, else from spans."""
        return (project, service) in self._requests or (project, service) in self._traces

    def span_shares(self) -> dict[tuple[str, str], tuple[float, float]]:
        """Of every service that is counted in traces: the share of them that has spans, and of whose revision is told.

        The revision of the others was taken to be the one that wrote most at that time.
        """
        return {key: told for key, told in self._shares.items() if key not in self._requests}

    def service(self, project: str, service: str) -> Grid:
        """Exposure of a service to anybody but health checks and scanners, where it has such."""
        key = (project, service)
        if key not in self._service_grids:
            found = self.matched(project, service, origins=("users", "tests", "unknown"))
            if found.unit in {"requests", "traces"} and not found.total.any():
                found = self.matched(project, service)
            self._service_grids[key] = found
        return self._service_grids[key]

    def routes(self, project: str, service: str, bins: NDArray[np.bool_]) -> dict[str, float]:
        """Requests of a service in some bins, by route."""
        rows = self._requests.get((project, service))
        if rows is None:
            return {}
        present, place = _numbered(rows.route)
        many = np.bincount(place, rows.many * bins[rows.bin], len(present)).tolist()
        return {self._routes.names[at]: one for at, one in zip(present, many, strict=True)}

    def asked_by_route(self, project: str, service: str) -> dict[str, NDArray[np.float64]]:
        """Requests, else traces, of a service by route and bin, of anybody but health checks and scanners."""
        key = (project, service)
        if key not in self._route_counts:
            rows = self._requests.get(key, self._traces.get(key))
            self._route_counts[key] = {} if rows is None else self._by_route(rows, ("users", "tests", "unknown"))
        return self._route_counts[key]

    def matched(
        self, project: str, service: str, *, routes: Collection[str] = (), origins: Collection[str] = ()
    ) -> Grid:
        """Requests or traces of a service on these routes and of these origins (empty: all of them), else minutes."""
        is_logged = (project, service) in self._requests
        rows = (self._requests if is_logged else self._traces).get((project, service))
        if rows is None:
            return self.instance_minutes(project, service)
        key = (project, service, tuple(sorted(routes)), tuple(sorted(origins)))
        if key not in self._grids:
            is_asked = np.ones(len(rows.bin), dtype=bool)
            if routes:
                is_asked &= self._routes.among(routes)[rows.route]
            if origins:
                is_asked &= self._origins.among(origins)[rows.origin]
            spread = self._spread(rows, np.flatnonzero(is_asked))
            self._grids[key] = Grid(self.timeline, "requests" if is_logged else "traces", spread)
        return self._grids[key]

    def instance_minutes(self, project: str, service: str) -> Grid:
        """Minutes in which instances of the service wrote anything."""
        key = (project, service)
        if key not in self._grids:
            rows = self._minutes.get(key)
            spread = {} if rows is None else self._spread(rows, np.arange(len(rows.bin)))
            self._grids[key] = Grid(self.timeline, "minutes", spread)
        return self._grids[key]

    def _by_service(self, frame: pl.DataFrame, column: str) -> dict[tuple[str, str], _Rows]:
        placed = frame.select(
            "project", "service", "minute", pl.col(column).cast(pl.Float64).alias("many"),
            revision=self._revisions.of(frame["revision"]).cast(pl.Int32),
            route=self._routes.of(frame["route"]).cast(pl.Int32),
            origin=self._origins.of(frame["origin"]).cast(pl.Int8),
        )  # fmt: skip
        return {
            (str(key[0]), str(key[1])): _Rows(
                revision=own["revision"].to_numpy(),
                route=own["route"].to_numpy(),
                origin=own["origin"].to_numpy(),
                bin=self.timeline.bin_of(own["minute"].to_numpy() * MINUTE_NS).astype(np.int32),
                many=own["many"].to_numpy(),
            )
            for key, own in placed.partition_by("project", "service", as_dict=True).items()
        }

    def _by_route(self, rows: _Rows, origins: Collection[str]) -> dict[str, NDArray[np.float64]]:
        """Counts per bin of each route that has any row of these origins."""
        bins = self.timeline.bins
        is_asked = self._origins.among(origins)[rows.origin]
        present, place = _numbered(rows.route[is_asked])
        cells = np.bincount(place * bins + rows.bin[is_asked], rows.many[is_asked], len(present) * bins)
        table = cells.astype(np.float64, copy=False).reshape(-1, bins)
        return {self._routes.names[at]: counts for at, counts in zip(present, table, strict=True)}

    def _spread(self, rows: _Rows, asked: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """One array of counts per revision that has any of these rows, by name."""
        bins = self.timeline.bins
        present, place = _numbered(rows.revision[asked])
        cells = np.bincount(place * bins + rows.bin[asked], rows.many[asked], len(present) * bins)
        table = cells.astype(np.float64, copy=False).reshape(-1, bins)
        return {self._revisions.names[at]: counts for at, counts in zip(present, table, strict=True)}


def _numbered(places: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places that occur, in order, and of each element the number of its own: counted, where unique would sort."""
    present = np.flatnonzero(np.bincount(places))
    number = np.zeros(int(present[-1]) + 1 if len(present) else 0, dtype=np.int64)
    number[present] = np.arange(len(present))
    return present, number[places]


def _shares(spans: pl.DataFrame) -> dict[tuple[str, str], tuple[float, float]]:
    told = spans.group_by("project", "service").agg(
        pl.col("share").first(), known=1 - pl.col("inferred").sum() / pl.col("traces").sum()
    )
    return {(project, service): (share, known) for project, service, share, known in told.iter_rows()}


class _Names:
    """Names in their order; a place in it stands for a name."""

    def __init__(self, *columns: pl.Series) -> None:
        self.names: list[str] = pl.concat([one.unique().cast(pl.String) for one in columns]).unique().sort().to_list()
        self._place = {name: place for place, name in enumerate(self.names)}

    def of(self, column: pl.Series) -> pl.Series:
        """The place of each name of a column; -1 for a name that is not known."""
        if isinstance(column.dtype, pl.Enum):
            known = np.array([self._place.get(name, -1) for name in column.dtype.categories] or [-1], dtype=np.int64)
            return pl.Series(known[column.to_physical().to_numpy()])
        return column.replace_strict(self.names, range(len(self.names)), default=-1, return_dtype=pl.Int64)

    def among(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Of each place whether its name is one of these; the last element is that of -1."""
        found = np.zeros(len(self.names) + 1, dtype=bool)
        found[[self._place[name] for name in names if name in self._place]] = True
        return found
