"""What an analysis reads one service up: requests to others that a service's events come after.

They are joined by their trace, or by the traces that a consumer's spans link to. Where nothing joins an event to any,
by numbers: the route whose requests come and go as the event does, step by step and closer than chance lets them.
"""

import math
from collections.abc import Collection

import polars as pl

from classifiers.history import History
from collector.store import Reader

__all__ = ["UPSTREAM_SCHEMA", "interrupted", "read_upstream"]

_LEAST = 8  # events that must be missing in a row, and that are joined to a route
_MANY = 60  # events from which numbers alone can tell what they come after
_STEPS = 16  # stretches of time with events from which they can
_PER_REQUEST = (0.2, 1.5)  # events for each request of a route that they come after
_WHOLE = 0.8  # of the events that must be joined to a request, for what is joined to stand for all
_SURE = 4.3  # standard deviations by which numbers must go together closer than chance lets them
_MOST_REQUESTS = 150_000  # joined by trace, of more one in so many; of one route by numbers, of more none
_PEOPLE = ("users", "tests")
_FEW = 0.1

# Requests as triggers.py takes them. `teller` tells the events, on `taker`, the revision of it that was busiest then;
# `is_near`: joined by numbers and time.
UPSTREAM_SCHEMA = pl.Schema(
    {
        "project": pl.String(), "service": pl.String(), "revision": pl.String(), "teller": pl.String(),
        "taker": pl.String(), "trace": pl.String(), "at_ns": pl.Int64(), "route": pl.String(), "origin": pl.String(),
        "http_status": pl.Int16(), "events": pl.List(pl.String()), "is_near": pl.Boolean(), "due_ns": pl.Int64(),
    }
)  # fmt: skip


def interrupted(counts: pl.DataFrame, history: History, step_ns: int) -> list[tuple[str, str]]:
    """Services, by project, with an event that did not come for so long that several of it are missing."""
    last = (history.end_ns - history.start_ns) // step_ns
    found = set()
    came = counts.filter(pl.col("source") == "log").group_by("project", "service", "event", "step")
    for key, own in came.agg(pl.col("events").sum()).group_by("project", "service", "event"):
        steps = own["step"].sort()
        gaps = pl.concat([steps, pl.Series([last + 1], dtype=steps.dtype)]).diff().drop_nulls() - 1
        if (gaps.max() or 0) * own["events"].mean() >= _LEAST <= own["events"].sum() / 2:  # type: ignore[operator]  # Int64
            found.add((str(key[0]), str(key[1])))
    return sorted(found)


def read_upstream(  # noqa: PLR0913 - what was read before, passed on as it is
    reader: Reader, places: Collection[tuple[str, str]], counts: pl.DataFrame, requests: pl.DataFrame,
    history: History, *, sampled: dict[str, int], step_ns: int,
) -> pl.DataFrame:  # fmt: skip
    """Rows of UPSTREAM_SCHEMA for the events of these services. `requests` are those that they took themselves."""
    span = {"start_ns": history.start_ns, "end_ns": history.window.end_ns}
    parts = [UPSTREAM_SCHEMA.to_frame()]
    for project, service in sorted(places):
        own = (pl.col("project") == project) & (pl.col("service") == service)
        told = counts.filter(own & (pl.col("source") == "log"))
        one_in = max(sampled.get(service, 1), int(told["events"].sum()) // _MOST_REQUESTS)
        joined = reader.frame("find_upstream_requests", project=project, service=service, one_in=one_in, **span)
        left = told.filter(~pl.col("event").is_in(_joined(joined, told, one_in)))
        near: list[pl.DataFrame] = []
        if left.height and not _is_asked_by_people(requests.filter(own)):
            near = _by_numbers(reader, left, step_ns, project, service, span)
        names = [name for one in near for name in one["events"].explode().drop_nulls().unique().to_list()]
        whole = joined.with_columns(
            pl.col("events").list.set_difference(pl.lit(names, dtype=pl.List(pl.String))), is_near=False
        )
        parts += [_placed(whole, service, history)]
        parts += [_placed(one.with_columns(is_near=True), service, history) for one in near]
    return pl.concat(parts)


def _joined(joined: pl.DataFrame, told: pl.DataFrame, one_in: int) -> list[str]:
    """Events that are joined to a request nearly whenever they come: spans that link them are sampled."""
    linked = joined.explode("events").group_by(event="events").agg(traces=one_in * pl.col("trace").n_unique())
    many = told.group_by("event").agg(pl.col("events").sum()).join(linked, on="event")
    is_whole = (pl.col("traces") >= _LEAST) & (pl.col("traces") >= _WHOLE * pl.col("events"))
    return many.filter(is_whole)["event"].to_list()


def _is_asked_by_people(requests: pl.DataFrame) -> bool:
    """Whether those come from outside after whose requests its events come."""
    asked = requests.filter(pl.col("events").list.len() > 0)
    return bool(asked.height) and float(asked["origin"].is_in(_PEOPLE).mean()) > _FEW  # type: ignore[arg-type]  # Float64


def _by_numbers(
    reader: Reader, left: pl.DataFrame, step_ns: int, project: str, service: str, span: dict[str, int]
) -> list[pl.DataFrame]:
    """Requests of the routes that events come and go with, each with the events that came before the next one."""
    asked = reader.frame("count_route_steps", project=project, step_ns=step_ns, **span).filter(
        pl.col("service") != service
    )
    names: dict[tuple[str, str], list[str]] = {}
    for (event,), own in left.group_by("event", maintain_order=True):
        place = _closest(own.group_by("step").agg(pl.col("events").sum()), asked)
        if place:
            names.setdefault(place, []).append(str(event))
    found = []
    for (caller, route), events in sorted(names.items()):
        told = reader.frame("find_event_rows", project=project, service=service, names=events, one_in=1, **span)
        rows = reader.frame("find_route_requests", project=project, service=caller, route=route, **span)
        found.append(_before_next(rows, told))
    return found


def _closest(came: pl.DataFrame, asked: pl.DataFrame) -> tuple[str, str] | None:
    """The route whose numbers go with those of an event while it came; None where that may be chance."""
    first, last = came["step"].min(), came["step"].max()
    # the steps at both ends are not whole
    inner = asked.filter((pl.col("step") > first) & (pl.col("step") < last))
    told = came.filter((pl.col("step") > first) & (pl.col("step") < last))
    if told["events"].sum() < _MANY or told.height < _STEPS:
        return None
    best: tuple[float, tuple[str, str]] | None = None
    for key, own in inner.group_by("service", "route"):
        if own["requests"].sum() > _MOST_REQUESTS:
            continue
        both = told.join(own, on="step", how="full", coalesce=True).with_columns(
            pl.col("events", "requests").fill_null(0)
        )
        ratio = float(both["events"].sum()) / float(both["requests"].sum())
        if not _PER_REQUEST[0] <= ratio <= _PER_REQUEST[1]:
            continue
        unlike = (pl.col("events") - ratio * pl.col("requests")) ** 2
        by_chance = pl.max_horizontal(pl.col("events") + ratio**2 * pl.col("requests"), 1.0)
        spread = float(both.select((unlike / by_chance).sum()).item()) / both.height
        if spread <= _below_chance(both.height) and (best is None or spread < best[0]):
            best = spread, (str(key[0]), str(key[1]))
    return best[1] if best else None


def _below_chance(steps: int) -> float:
    """Spread, where chance alone makes one of 1, that chance does not reach: a bound of its distribution."""
    part = 2 / (9 * steps)
    return max(0.0, 1 - part - _SURE * math.sqrt(part)) ** 3


def _before_next(requests: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Requests with the events that came after them and before the next one."""
    placed = told.select("event", told_ns="at_ns").sort("told_ns").join_asof(
        requests.select("trace", "at_ns").sort("at_ns"), left_on="told_ns", right_on="at_ns", coalesce=False
    )  # fmt: skip
    came = placed.drop_nulls("trace").group_by("trace", "at_ns").agg(
        events=pl.col("event").unique().sort(), due_ns=(pl.col("told_ns") - pl.col("at_ns")).max()
    )  # fmt: skip
    empty = pl.lit([], dtype=pl.List(pl.String))
    return requests.join(came, on=["trace", "at_ns"], how="left", maintain_order="left").with_columns(
        pl.col("events").fill_null(empty)
    )


def _placed(rows: pl.DataFrame, service: str, history: History) -> pl.DataFrame:
    """Rows with who tells the events, and the revision of it that was busiest then."""
    found = rows.with_columns(teller=pl.lit(service), taker=pl.lit(""))
    if found.height:
        grid = history.exposure.instance_minutes(str(found["project"][0]), service)
        names, leaders = grid.leaders()
        if names:
            busiest = leaders[grid.timeline.bin_of(found["at_ns"].to_numpy())]
            told = [names[at] if at >= 0 else "" for at in busiest.tolist()]
            found = found.with_columns(taker=pl.Series(told, dtype=pl.String))
    return found.select(pl.col(name).cast(kind) for name, kind in UPSTREAM_SCHEMA.items())
