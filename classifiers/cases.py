"""Cases: each cluster with its failures counted in units, beside the exposure that fits them and its onset.

A unit is one trace that failed, else one request; where neither is known, or neither requests nor spans tell how often
the service was asked, one minute of an instance in which it failed. Failures and exposure are always of one unit.
Exposure is counted on the routes and origins that failed, since a quiet route next door says nothing.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import polars as pl
from msgspec import Struct, field
from numpy.typing import NDArray

from classifiers.asked import asked_grid, asked_routes
from classifiers.config import OnsetConfig
from classifiers.confined import with_first_revision
from classifiers.exposure import Exposure, Grid
from classifiers.onset import Fit, find_onset
from classifiers.origin import origin_of_share
from classifiers.traces import Traces, is_trace
from classifiers.units import Units, find_units
from collector.replacing import replace

__all__ = ["Case", "build_cases"]

_SLACK_NS = 5_000_000  # between a line and the end of its request, by the clocks of two writers


class Case(Struct, dict=True):
    """One cluster under examination. Arrays and lists over units are in order of time.

    `traces` are the keys of the units (see traces.py), None where nothing is known; `met_ns` tells of every key when it
    first failed of this. `borrowed` is the share of units whose trace or request was inferred from what was under way
    in their instance. `unit_routes` are the routes of the service that the units came in on, "" where none is known or
    several are. `spared` is how many users would have failed since the onset at the rate of the tests, where only
    tests did.
    """

    cluster_id: str
    project: str
    service: str
    title: str
    kind: str
    parts: str
    signature_ids: tuple[str, ...]
    severity: int
    http_status: int | None
    occurrences: int
    entries: int
    in_window: int
    times_ns: NDArray[np.int64]
    revisions: list[str]
    traces: list[str | None]
    met_ns: dict[str, int]
    origins: dict[str, int]
    routes: tuple[str, ...]
    clients: int
    borrowed: float
    spared: float
    grid: Grid
    fit: Fit
    unit_routes: list[str] = field(default_factory=list)

    @cached_property
    def words(self) -> set[str]:
        """Words of the title that are no placeholders."""
        return set(re.findall(r"(?<![<\w])[^\W\d_]{4,}(?!\w)", self.title.lower()))

    @cached_property
    def thrown(self) -> str:
        """What an exception says; "" of what is none, or says a word at most."""
        thrown = orjson.loads(self.parts)
        value = str(thrown.get("value") or ("" if thrown.get("type") else thrown.get("message")) or "")
        return value if (thrown.get("frames") or thrown.get("chain")) and len(value.split()) > 1 else ""

    @cached_property
    def line(self) -> str:
        """The text of a line that throws nothing itself; "" of an exception."""
        line = orjson.loads(self.parts)
        return "" if line.get("frames") or line.get("chain") else str(line.get("message") or "")

    @cached_property
    def bins(self) -> NDArray[np.int64]:
        """The bin of the timeline that each unit failed in."""
        return self.grid.timeline.bin_of(self.times_ns)

    @property
    def units(self) -> int:
        """Failed traces or requests, or failing instance minutes."""
        return len(self.times_ns)

    @cached_property
    def is_traced(self) -> bool:
        """Traces are known in which it failed: they tell what else did."""
        return any(map(is_trace, self.met_ns))

    @property
    def is_counted(self) -> bool:
        """Units are traces or requests, not minutes."""
        return self.grid.unit in {"requests", "traces"}

    @cached_property
    def held(self) -> Grid:
        """The exposure that every explanation is weighed on, so that all of them part the same whole.

        Of a revision that failed more often than it is known to have been asked, those failures were exposed too.
        """
        if not self.is_counted:
            return self.grid
        more: dict[str, NDArray[np.float64]] = {}
        for name, many in sorted(Counter(self.revisions).items()):
            known = self.grid.by_revision.get(name)
            # a line may fall into the minute after that of its request: only the sum tells that requests are missing
            if known is None or many > known.sum():
                own = [place for place, other in enumerate(self.revisions) if other == name]
                failed = np.bincount(self.bins[own], minlength=self.grid.timeline.bins).astype(float)
                more[name] = failed if known is None else np.maximum(known, failed)
        if not more:
            return self.grid
        return Grid(self.grid.timeline, self.grid.unit, {**self.grid.by_revision, **more})

    @property
    def is_request_only(self) -> bool:
        """Told by request lines alone."""
        return self.kind == "request"

    def with_requests(self, requests: "Case") -> "Case":
        """The case with failing requests as one more rendering of it; its times stay those of its lines."""
        return replace(
            self,
            signature_ids=tuple(sorted({*self.signature_ids, *requests.signature_ids})),
            severity=max(self.severity, requests.severity),
            http_status=max(self.http_status or 0, requests.http_status or 0) or None,
            occurrences=self.occurrences + requests.occurrences,
            entries=self.entries + requests.entries,
            in_window=self.in_window + requests.in_window,
        )

    def keys_since(self, at_ns: int) -> list[str]:
        """Traces and requests that failed from an instant on."""
        return [key for key, when in self.met_ns.items() if when >= at_ns]

    def traces_known(self, index: int = 0) -> tuple[str, ...]:
        """Traces of the units from this one on, each once."""
        if index not in self._known:
            self._known[index] = tuple(dict.fromkeys(key for key in self.traces[index:] if key and is_trace(key)))
        return self._known[index]

    @cached_property
    def _known(self) -> dict[int, tuple[str, ...]]:
        """What traces_known was asked, by index."""
        return {}


def build_cases(
    failures: pl.DataFrame,
    leads: pl.DataFrame,
    traces: Traces,
    exposure: Exposure,
    *,
    start_ns: int,
    config: OnsetConfig,
) -> list[Case]:
    """One case a cluster, sorted by its id.

    failures: rows of find_failures with their cluster_id. leads: cluster_id, title, kind, parts of the leading
    signature. `in_window` counts occurrences from start_ns on.
    """
    told = {row["cluster_id"]: row for row in leads.iter_rows(named=True)}
    senders = _Senders(traces.requests)
    asked = [key for key in exposure.services() if exposure.is_asked(*key)]
    units = find_units(failures, asked)
    return [
        _case(row, told[row["cluster_id"]], units[row["cluster_id"]], senders, exposure, config)
        for row in _summed(failures, start_ns).iter_rows(named=True)
    ]


def _summed(failures: pl.DataFrame, start_ns: int) -> pl.DataFrame:
    """Every cluster with what its rows say together, by its id."""
    return (
        failures.group_by("cluster_id")
        .agg(
            pl.col("project", "service").first(),
            pl.col("signature_id").unique().sort().alias("signature_ids"),
            pl.col("severity").cast(pl.Int64).max().fill_null(0),
            pl.col("http_status").max(),
            pl.col("occurrences", "entries").sum(),
            pl.col("occurrences").filter(pl.col("last_ns") >= start_ns).sum().alias("in_window"),
        )
        .sort("cluster_id")
    )


class _Senders:
    """Who sent the requests of the failed traces, and where they came in."""

    def __init__(self, requests: pl.DataFrame) -> None:
        """Frame of find_trace_requests."""
        self.origins = _origins(requests)
        self.routes = _routes_asked(requests)
        self.spells = _spells(requests)

    def routes_of(self, service: str, units: Units) -> list[str]:
        """The route of the service that each unit came in on, "" where that is not known.

        Of several in one trace, the one that was asked last of those under way.
        """
        asked, spells = self.routes.get(service, {}), self.spells.get(service, {})
        found = []
        for key, at_ns in zip(units.keys, units.at_ns.tolist(), strict=True):
            routes = asked.get(key or "", ())
            if len(routes) == 1:
                found.append(routes[0])
                continue
            known = spells.get(key or "", ())
            under_way = [(began, route) for began, ended, route in known if began <= at_ns <= ended + _SLACK_NS]
            found.append(max(under_way, default=(0, ""))[1])
        return found


def _origins(requests: pl.DataFrame) -> dict[str, tuple[str, int | None]]:
    """The origin and the client of each trace: of its first request. Spans told as requests have no origin."""
    told = (
        requests.filter(pl.col("origin").is_not_null())
        .sort("trace", "start_ns", "service", "route")
        .group_by("trace", maintain_order=True)
        .agg(pl.col("origin").first(), pl.col("client").first())
    )
    return {trace: (origin, client) for trace, origin, client in told.iter_rows()}


def _routes_asked(requests: pl.DataFrame) -> dict[str, dict[str, list[str]]]:
    """Per service and trace: the routes on which it came in, each once."""
    asked: dict[str, dict[str, list[str]]] = {}
    for service, trace, route in requests.select("service", "trace", "route").unique().sort(pl.all()).iter_rows():
        asked.setdefault(service, {}).setdefault(trace, []).append(route)
    return asked


def _spells(requests: pl.DataFrame) -> dict[str, dict[str, list[tuple[int, int, str]]]]:
    """Per service and trace that came in on several routes: when each request began and ended, and its route."""
    timed = requests.filter(
        pl.col("latency_ns").is_not_null() & (pl.col("route").n_unique().over("service", "trace") > 1)
    ).with_columns(end_ns=pl.col("start_ns") + pl.col("latency_ns"))
    spells: dict[str, dict[str, list[tuple[int, int, str]]]] = {}
    for service, trace, *spell in timed.select("service", "trace", "start_ns", "end_ns", "route").iter_rows():
        spells.setdefault(service, {}).setdefault(trace, []).append((spell[0], spell[1], spell[2]))
    return spells


def _case(
    row: Mapping[str, Any], lead: Mapping[str, str], units: Units, senders: _Senders, exposure: Exposure,
    config: OnsetConfig,
) -> Case:  # fmt: skip
    project, service, times = row["project"], row["service"], units.at_ns
    sent = [senders.origins.get(key or "", ("unknown", None)) for key in units.keys]
    counts = Counter(origin for origin, _ in sent)
    asked_on = senders.routes.get(service, {})
    matched = asked_routes(units.keys, asked_on) if units.is_asked else ()
    origins = [origin for origin, _ in sent]
    grid = asked_grid(exposure, (project, service), units, origins, asked_on, matched) if units.is_asked else None
    fit = find_onset(times, grid, config) if grid else _fit_minutes(times, exposure, project, service, config)
    asked = grid or exposure.instance_minutes(project, service)
    fit = with_first_revision(fit, times, units.revisions, asked, config)
    return Case(
        cluster_id=row["cluster_id"],
        project=project,
        service=service,
        title=lead["title"],
        kind=lead["kind"],
        parts=lead["parts"],
        signature_ids=tuple(row["signature_ids"]),
        severity=row["severity"],
        http_status=row["http_status"],
        occurrences=row["occurrences"],
        entries=row["entries"],
        in_window=row["in_window"],
        times_ns=times,
        revisions=units.revisions,
        traces=units.keys,
        met_ns=units.met_ns,
        origins=dict(sorted(counts.items())),
        routes=matched,
        clients=len({client for _, client in sent if client is not None}),
        borrowed=units.borrowed,
        spared=_spared(exposure, project, service, matched, counts, fit),
        grid=asked,
        fit=fit,
        unit_routes=senders.routes_of(service, units) if units.is_asked else [],
    )


def _spared(
    exposure: Exposure, project: str, service: str, routes: tuple[str, ...], counts: Counter[str], fit: Fit
) -> float:
    """Failures expected among users of the same routes since the onset, when only tests failed; else 0."""
    if origin_of_share(counts)[0] != "tests" or not routes:
        return 0.0
    users = exposure.matched(project, service, routes=routes, origins=("users",))
    since = int(users.timeline.bin_of(np.array([fit.at_ns]))[0])
    return float(users.total[since:].sum()) * (fit.rate_after or 0.0)


def _fit_minutes(
    times_ns: NDArray[np.int64], exposure: Exposure, project: str, service: str, config: OnsetConfig
) -> Fit:
    """The onset on instance minutes; it must hold against requests and against time itself too.

    Failures that no request is known of may come with instances, with requests, or by a clock of their own.
    """
    grid = exposure.instance_minutes(project, service)
    fit = find_onset(times_ns, grid, config)
    if not fit.is_change:
        return fit
    others = [grid.steady()]
    if exposure.is_asked(project, service):
        others.append(exposure.service(project, service))
    gain = min(find_onset(times_ns, other, config).gain for other in others)
    if gain >= config.evidence:
        return replace(fit, gain=min(gain, fit.gain))
    return replace(find_onset(times_ns, grid, config.model_copy(update={"evidence": math.inf})), gain=gain)
