"""What an analysis reads of events: how often each came, and what it came with where it became rarer.

Every event is counted; only of services in which one became rarer, against what its service was asked, are the requests
read one by one, a sample of them where they are many. So a quiet system costs two counts.
"""

from collections.abc import Collection

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.history import History
from classifiers.origin import origin_params
from classifiers.upstream_rows import interrupted, read_upstream
from collector.store import Reader

__all__ = ["EVENT_KEYS", "EventRows", "read_event_rows"]

EVENT_KEYS = ("project", "service", "event")
_STEPS = 96  # stretches of time in which events are counted
_LEAST_STEP_NS = 60_000_000_000
_LEAST = 8  # events without which nothing can be said of one
_RARER = 0.85  # of the highest rate of a revision or stretch of time, below which an event is looked at
_EXPECTED = 5.0  # events that a revision or stretch of time must have been worth
_MOST_REQUESTS = 150_000  # of one service that are read; of more, one in so many
_REQUEST_SCHEMA = pl.Schema(
    {
        "project": pl.String(), "service": pl.String(), "revision": pl.String(), "trace": pl.String(),
        "at_ns": pl.Int64(), "route": pl.String(), "origin": pl.String(), "http_status": pl.Int16(),
        "events": pl.List(pl.String()), "is_near": pl.Boolean(), "due_ns": pl.Int64(),
        "is_crossed": pl.Boolean(), "way": pl.Int32(),
    }
)  # fmt: skip

_ROW_SCHEMA = pl.Schema(
    {
        "project": pl.String(), "service": pl.String(), "event": pl.String(), "revision": pl.String(),
        "at_ns": pl.Int64(), "trace": pl.String(), "insert_id": pl.String(), "fields": pl.List(pl.String()),
    }
)  # fmt: skip


class EventRows(Struct, frozen=True):
    """Frames of count_events, count_told_lines, find_event_requests, find_event_rows and others, by their names.

    Steps begin at start_ns.

    `hollow` holds events of the names that lost a field. `sampled` tells of a service one in how many requests were
    read. `upstream` are rows of UPSTREAM_SCHEMA.
    """

    counts: pl.DataFrame
    lines: pl.DataFrame
    requests: pl.DataFrame
    hollow: pl.DataFrame
    fields: pl.DataFrame
    health: pl.DataFrame
    upstream: pl.DataFrame
    sampled: dict[str, int]
    start_ns: int
    step_ns: int


def read_event_rows(reader: Reader, history: History, declared: Collection[str] = ()) -> EventRows:
    """The rows of a history; of `declared` services, all that was asked is read."""
    span = {"start_ns": history.start_ns, "end_ns": history.window.end_ns}
    step_ns = max(_LEAST_STEP_NS, -(-(history.end_ns - history.start_ns) // _STEPS))
    counts = reader.frame("count_events", step_ns=step_ns, **span)
    asked = _asked(history, step_ns)
    above = interrupted(counts, history, step_ns)
    services = sorted({*_rarer(counts, asked)["service"], *declared, *(service for _, service in above)})
    lines = reader.frame("count_told_lines", services=services, step_ns=step_ns, **span)
    many = {service: float(own["asked"].sum()) for (service,), own in asked.group_by("service")}
    sampled = {name: max(1, int(many.get(name, 0.0) // _MOST_REQUESTS)) for name in services}
    parts = [_requests(reader, name, one_in, span) for name, one_in in sampled.items()]
    asked_for = pl.concat([_REQUEST_SCHEMA.to_frame(), *parts])
    unlinked = _unlinked(counts, asked_for, services)
    asked_for = pl.concat([asked_for, *(_around(reader, place, sampled[place[1]], history) for place in unlinked)])
    upstream = read_upstream(
        reader, {*above, *unlinked}, counts, asked_for, history, sampled=sampled, step_ns=step_ns
    )  # fmt: skip
    fields = reader.frame("count_event_fields", step_ns=step_ns, **span)
    health = reader.frame(
        "count_health_checks", services=services, step_ns=step_ns, health_paths=origin_params()["health_paths"], **span
    )
    hollow = _hollow(reader, counts, fields, span)
    return EventRows(
        counts, lines, asked_for, hollow, fields, health, upstream, sampled, history.start_ns, step_ns
    )  # fmt: skip


def _requests(reader: Reader, service: str, one_in: int, span: dict[str, int]) -> pl.DataFrame:
    """The requests of a service."""
    own = reader.frame("find_event_requests", services=[service], one_in=one_in, **span)
    return own.with_columns(way=pl.lit(0, dtype=pl.Int32))


def _unlinked(counts: pl.DataFrame, asked: pl.DataFrame, services: Collection[str]) -> list[tuple[str, str]]:
    """Services with an event that comes after none of their own requests."""
    many = counts.filter(pl.col("service").is_in(list(services))).group_by(EVENT_KEYS).agg(pl.col("events").sum())
    linked = asked.explode("events").group_by("project", "service", event="events").agg(linked=pl.len())
    left = many.join(linked, on=list(EVENT_KEYS), how="left").filter(
        (pl.col("events") >= 2 * _LEAST) & (pl.col("linked").fill_null(0) < _LEAST)
    )
    return sorted(set(left.select("project", "service").iter_rows()))


def _around(reader: Reader, place: tuple[str, str], one_in: int, history: History) -> pl.DataFrame:
    """What else happened in the traces of its events. A revision that is not told is the one that was busiest then."""
    project, service = place
    span = {"start_ns": history.start_ns, "end_ns": history.window.end_ns}
    found = reader.frame(
        "find_event_traces", project=project, service=service, one_in=one_in, **span,
    )  # fmt: skip
    names, leaders = history.exposure.instance_minutes(project, service).leaders()
    if not names or not found.height:
        return found
    busiest = leaders[history.exposure.timeline.bin_of(found["at_ns"].to_numpy())]
    told = pl.Series([names[at] if at >= 0 else "" for at in busiest.tolist()], dtype=pl.String)
    return found.with_columns(revision=pl.when(pl.col("revision") == "").then(told).otherwise("revision"))


def _hollow(reader: Reader, counts: pl.DataFrame, fields: pl.DataFrame, span: dict[str, int]) -> pl.DataFrame:
    """Events of the names that came without one of their fields in a revision or a stretch of time."""
    whole = counts.group_by(*EVENT_KEYS, "revision", "step").agg(pl.col("events").sum())
    named = fields.select(*EVENT_KEYS, "field").unique()
    came = fields.group_by(*EVENT_KEYS, "field", "revision", "step").agg(came=pl.col("events").sum())
    cells = (
        named.join(whole, on=list(EVENT_KEYS))
        .join(came, on=[*EVENT_KEYS, "field", "revision", "step"], how="left")
        .with_columns(pl.col("came").fill_null(0))
    )
    low = []
    for by in ("revision", "step"):
        rates = cells.group_by(*EVENT_KEYS, "field", by).agg(pl.col("came", "events").sum())
        best = (
            (pl.col("came") / pl.col("events")).filter(pl.col("events") >= _EXPECTED).max().over(*EVENT_KEYS, "field")
        )
        low.append(
            rates.filter((pl.col("came") < _RARER * best * pl.col("events")) & (pl.col("events") * best >= _EXPECTED))
            .select(EVENT_KEYS)
        )  # fmt: skip
    suspect = pl.concat(low).unique().sort(EVENT_KEYS)
    parts = []
    for (project, service), own in suspect.group_by("project", "service", maintain_order=True):
        names = own["event"].to_list()
        place = (pl.col("project") == project) & (pl.col("service") == service)
        many = counts.filter(place & pl.col("event").is_in(names))["events"].sum()
        one_in = max(1, int(many) // _MOST_REQUESTS)
        parts.append(
            reader.frame("find_event_rows", project=project, service=service, names=names, one_in=one_in, **span)
        )
    return pl.concat([_ROW_SCHEMA.to_frame(), *parts])


def _asked(history: History, step_ns: int) -> pl.DataFrame:
    """How often each service was asked, by revision and step: project, service, revision, step, asked."""
    keys: list[tuple[str, str, str]] = []
    steps: list[NDArray[np.int64]] = []
    many: list[NDArray[np.float64]] = []
    line = history.exposure.timeline
    for project, service in history.exposure.services():
        if not history.exposure.is_asked(project, service):
            continue
        for revision, counted in history.exposure.service(project, service).by_revision.items():
            places = counted.nonzero()[0]
            keys.append((project, service, revision))
            steps.append(np.maximum(0, line.start_ns + places * line.bin_ns - history.start_ns) // step_ns)
            many.append(counted[places])
    names = dict.fromkeys(("project", "service", "revision"), pl.String)
    if not keys:
        return pl.DataFrame(schema={**names, "step": pl.Int64, "asked": pl.Float64})
    owners = np.repeat(np.arange(len(keys)), [len(one) for one in steps])
    rows = pl.DataFrame(keys, names, orient="row")[owners].with_columns(
        step=pl.Series(np.concatenate(steps)), asked=pl.Series(np.concatenate(many))
    )
    return rows.group_by(*names, "step").agg(pl.col("asked").sum())


def _rarer(counts: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Events that came less often, for what their service was asked, in a revision or a stretch of time."""
    many = counts.group_by(EVENT_KEYS).agg(pl.col("events").sum()).filter(pl.col("events") >= _LEAST)
    known = many.join(asked.select("project", "service").unique(), on=["project", "service"])
    found = [
        _below(known.select(EVENT_KEYS), counts, asked, by)
        for by in ("revision", "step")
    ]  # fmt: skip
    return pl.concat([*found, many.join(known, on=list(EVENT_KEYS), how="anti").select(EVENT_KEYS)]).unique()


def _below(names: pl.DataFrame, counts: pl.DataFrame, asked: pl.DataFrame, by: str) -> pl.DataFrame:
    """Those with a revision, or step, whose rate is well below the highest."""
    exposed = asked.group_by("project", "service", by).agg(pl.col("asked").sum())
    came = counts.group_by(*EVENT_KEYS, by).agg(pl.col("events").sum())
    rates = (
        names.join(exposed, on=["project", "service"])
        .join(came, on=[*EVENT_KEYS, by], how="left")
        .with_columns(pl.col("events").fill_null(0))
        .with_columns(rate=pl.col("events") / pl.col("asked"))
    )
    best = pl.col("rate").filter(pl.col("asked") >= _EXPECTED).max().over(EVENT_KEYS)
    is_low = (pl.col("rate") < _RARER * best) & (pl.col("asked") * best >= _EXPECTED)
    return rates.filter(is_low).select(EVENT_KEYS)
