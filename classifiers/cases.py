"""Cases: each cluster with its failures counted in units, beside the exposure that fits them and its onset.

A unit is one trace that failed; without traces, one minute of an instance in which it failed. Exposure is counted on
the routes and origins that failed, since a quiet route next door says nothing.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classifiers.exposure import Exposure, Grid
from classifiers.onset import Fit, OnsetConfig, find_onset
from classifiers.origin import origin_of_share

__all__ = ["Case", "Traces", "build_cases"]

_TRACED = 0.3  # share of occurrences with a trace from which traces are the unit
_ROUTE_SHARE = 0.02  # of the failures, for a route to count as failing
_MINUTE_NS = 60_000_000_000
_MOST_REQUESTS = 50  # of a trace that is searched for requests within requests
_FAILED = 400  # HTTP status from which a request failed


@dataclass(frozen=True)
class Traces:
    """What else happened in the traces that failed: frames of find_trace_requests and find_trace_spans."""

    requests: pl.DataFrame
    spans: pl.DataFrame

    def services(self) -> pl.DataFrame:
        """Per trace and service: when it began there and, where known, on which revision."""
        parts = [
            self.requests.select("trace", "service", "revision", "start_ns"),
            self.spans.select("trace", "service", pl.lit("").alias("revision"), "start_ns"),
        ]
        return (
            pl.concat(parts)
            .group_by("trace", "service")
            .agg(pl.col("revision").max(), pl.col("start_ns").min())
            .sort("trace", "service")
        )

    def ends(self) -> dict[str, dict[str, int]]:
        """Per service and trace: when its first request that failed was answered."""
        failed = (
            self.requests.filter((pl.col("http_status") >= _FAILED) & pl.col("latency_ns").is_not_null())
            .group_by("service", "trace")
            .agg((pl.col("start_ns") + pl.col("latency_ns")).min().alias("end_ns"))
            .sort("service", "trace")
        )
        return {
            str(key[0]): dict(frame.select("trace", "end_ns").iter_rows())
            for key, frame in failed.partition_by("service", as_dict=True).items()
        }

    def calls(self) -> pl.DataFrame:
        """Which service called which: caller, service, traces. From spans, else from requests within requests."""
        told = self.spans.filter(pl.col("caller") != "").select("trace", "caller", "service")
        is_small = pl.len().over("trace") <= _MOST_REQUESTS
        inner = self.requests.filter(pl.col("latency_ns").is_not_null() & is_small).select(
            "trace", "service", "start_ns", end_ns=pl.col("start_ns") + pl.col("latency_ns")
        )
        within = (
            inner.join(inner, on="trace", suffix="_outer")
            .filter(
                (pl.col("service") != pl.col("service_outer"))
                & (pl.col("start_ns_outer") < pl.col("start_ns"))
                & (pl.col("end_ns_outer") >= pl.col("end_ns"))
            )
            .group_by("trace", "service", "start_ns")
            .agg(pl.col("service_outer").sort_by("start_ns_outer").last().alias("caller"))
            .select("trace", "caller", "service")
        )
        return (
            pl.concat([told, within])
            .unique()
            .group_by("caller", "service")
            .agg(pl.len().cast(pl.Int64).alias("traces"))
            .sort("caller", "service")
        )


@dataclass
class Case:
    """One cluster under examination. Arrays and lists over units are in order of time.

    `borrowed` is the share of units whose trace was inferred from the request that was under way in their instance.
    `spared` is how many users would have failed since the onset at the rate of the tests, where only tests did.
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
    origins: dict[str, int]
    routes: tuple[str, ...]
    clients: int
    borrowed: float
    spared: float
    grid: Grid
    fit: Fit
    bins: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.bins = self.grid.timeline.bin_of(self.times_ns)

    @property
    def units(self) -> int:
        """Failed traces, or failing instance minutes."""
        return len(self.times_ns)

    @property
    def is_traced(self) -> bool:
        """Units are traces."""
        return bool(self.traces) and self.traces[0] is not None

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

    def traces_since(self, at_ns: int) -> list[str]:
        """Traces that failed from an instant on."""
        return [one for one, when in zip(self.traces, self.times_ns, strict=True) if one is not None and when >= at_ns]


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
    origins = _origins(traces.requests)
    routes = traces.requests.select("trace", "service", "route").unique().sort("trace", "service", "route")
    cases = []
    for key, rows in sorted(failures.partition_by("cluster_id", as_dict=True).items(), key=lambda item: str(item[0])):
        lead = told[str(key[0])]
        cases.append(_case(rows, lead, routes, origins, exposure, start_ns=start_ns, config=config))
    return cases


def _origins(requests: pl.DataFrame) -> pl.DataFrame:
    """The origin of each trace: of its first request that tells one."""
    return (
        requests.sort("trace", "start_ns", "service", "route")
        .group_by("trace", maintain_order=True)
        .agg(pl.col("origin").first(), pl.col("client").first())
    )


def _case(  # noqa: PLR0913 - the frames of one history, passed on as they are
    rows: pl.DataFrame, lead: dict[str, str], routes: pl.DataFrame, origins: pl.DataFrame, exposure: Exposure, *,
    start_ns: int, config: OnsetConfig,
) -> Case:  # fmt: skip
    project, service = str(rows["project"][0]), str(rows["service"][0])
    told_by_lines = rows.filter(pl.col("log") != "requests")
    # the time of a request is its start, long before it failed: lines tell when, where there are any
    units = _units(told_by_lines if told_by_lines.height else rows)
    own = units.join(origins, on="trace", how="left", maintain_order="left")
    counts = Counter(own["origin"].fill_null("unknown").to_list())
    is_traced = units["trace"][0] is not None
    matched = _routes(units, routes, service) if is_traced else ()
    times = units["at_ns"].to_numpy()
    grids = _grids(exposure, project, service, matched, counts, is_traced=is_traced)
    grid, fit = min(((grid, find_onset(times, grid, config)) for grid in grids), key=lambda one: one[1].gain)
    return Case(
        cluster_id=str(rows["cluster_id"][0]),
        project=project,
        service=service,
        title=lead["title"],
        kind=lead["kind"],
        parts=lead["parts"],
        signature_ids=tuple(rows["signature_id"].unique().sort().to_list()),
        severity=int(rows["severity"].cast(pl.Int64).max() or 0),  # type: ignore[arg-type] # of an integer column
        http_status=_status(rows),
        occurrences=int(rows["occurrences"].sum()),
        entries=int(rows["entries"].sum()),
        in_window=int(rows.filter(pl.col("last_ns") >= start_ns)["occurrences"].sum()),
        times_ns=times,
        revisions=units["revision"].to_list(),
        traces=units["trace"].to_list(),
        origins=dict(sorted(counts.items())),
        routes=matched,
        clients=own["client"].drop_nulls().n_unique(),
        borrowed=float(units["is_borrowed"].mean() or 0.0),  # type: ignore[arg-type] # of a boolean column
        spared=_spared(exposure, project, service, matched, counts, fit),
        grid=grid,
        fit=fit,
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


def _status(rows: pl.DataFrame) -> int | None:
    highest = rows["http_status"].max()
    return int(highest) if isinstance(highest, int) else None


def _units(rows: pl.DataFrame) -> pl.DataFrame:
    """at_ns, revision, trace and is_borrowed of each unit, by time."""
    placed = rows.with_columns(
        trace=pl.coalesce("trace", "borrowed"), is_borrowed=pl.col("trace").is_null() & pl.col("borrowed").is_not_null()
    )
    traced = placed.filter(pl.col("trace").is_not_null())
    if int(traced["occurrences"].sum()) >= _TRACED * int(placed["occurrences"].sum()):
        keyed, keys = traced, ["trace"]
    else:
        keyed = placed.with_columns(
            minute=pl.col("first_ns") // _MINUTE_NS,
            trace=pl.lit(None, dtype=pl.String),
            is_borrowed=pl.lit(value=False),
        )
        keys = ["revision", "instance", "minute"]
    return (
        keyed.sort("first_ns", "revision", "instance")
        .group_by(keys, maintain_order=True)
        .agg(
            pl.col("first_ns").min().alias("at_ns"),
            pl.col("is_borrowed").all(),
            *(pl.col(name).first() for name in ("revision", "trace") if name not in keys),
        )
        .select("at_ns", "revision", "trace", "is_borrowed")
        .sort("at_ns", "revision", "trace")
    )


def _routes(units: pl.DataFrame, routes: pl.DataFrame, service: str) -> tuple[str, ...]:
    """Routes of the service on which at least two in a hundred of the failed traces came in."""
    found = (
        units.select("trace")
        .join(routes.filter(pl.col("service") == service), on="trace")
        .group_by("route")
        .agg(pl.len().alias("many"))
        .filter(pl.col("many") >= _ROUTE_SHARE * units.height)
    )
    return tuple(found["route"].sort().to_list())


def _grids(
    exposure: Exposure, project: str, service: str, routes: tuple[str, ...], counts: Counter[str], *, is_traced: bool
) -> list[Grid]:
    """The exposures that fit the failures: their routes, and tests alone where only tests failed.

    Failures without a trace may come with requests or with instances: an onset must hold against both.
    """
    if not is_traced or not exposure.has_requests(project, service):
        both = [exposure.instance_minutes(project, service)]
        return [*both, exposure.service(project, service)] if exposure.has_requests(project, service) else both
    origins = sorted(name for name, many in counts.items() if many >= _ROUTE_SHARE * sum(counts.values()))
    if "unknown" in origins or not origins:
        origins = [] if not routes else ["users", "tests", "unknown", *origins]
    if routes:
        return [exposure.matched(project, service, routes=routes, origins=origins)]
    return [exposure.service(project, service)]
