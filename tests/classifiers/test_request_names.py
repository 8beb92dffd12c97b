"""What is counted of requests by numbers equals what their rows say."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from benchmarks.generate_store import draw
from classifiers.latency_effect import PER_OCTAVE
from classifiers.latency_reading import LATENCY_TABLES
from classifiers.origin import lay_origins, origin_params
from classifiers.request_names import RequestNames, read_request_names
from classifiers.spans_by_revision import lay_spans_by_revision
from collector.config import StoreConfig
from collector.records import DEAD_LETTER_SCHEMA, FACT_SCHEMA, SPAN_SCHEMA, Batch
from collector.store import Reader, Store

_MINUTE_NS = 60_000_000_000
_ROWS = 3000


@pytest.fixture(scope="module")
def entries() -> pl.DataFrame:
    """A day of requests and lines; some entries came in twice, and after later ones."""
    return pl.concat(draw(_ROWS, 1, 3, 1))


@pytest.fixture(scope="module")
def laid(entries: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reader, dict[str, int]]]:
    """A reader of a store that took the entries in three batches, shuffled and doubled."""
    store = Store(StoreConfig(path=tmp_path_factory.mktemp("names") / "store.duckdb"))
    run_id = store.begin_run("import", "test")
    mixed = pl.concat([entries, entries.head(500)]).sample(fraction=1.0, shuffle=True, seed=2)
    for part in (mixed[:900], mixed[900:2000], mixed[2000:]):
        store.append([_batch(part)], run_id=run_id)
    span = {"start_ns": int(entries["at_ns"].to_numpy().min()), "end_ns": 2**62}
    with store.read() as reader:
        lay_spans_by_revision(reader, **span)
        lay_origins(reader, start_ns=span["start_ns"], end_ns=span["end_ns"])
        yield reader, span


def test_exposure_by_numbers_has_every_request_once(laid: tuple[Reader, dict[str, int]], entries: pl.DataFrame) -> None:
    reader, span = laid
    first = span["start_ns"] // _MINUTE_NS

    counts = reader.frame("count_exposure", first_minute=first, bin_minutes=7, **span)
    named = read_request_names(reader).exposed(counts)

    keys = ["project", "service", "revision", "route", "minute"]
    told = named.with_columns(pl.col(keys[:-1]).cast(pl.String)).group_by(keys).agg(pl.col("requests").sum())
    due = _asked(entries, first, 7).group_by(keys).agg(requests=pl.len().cast(pl.Int64))
    assert told.sort(keys).equals(due.sort(keys))


def test_a_library_asks_for_who_began_its_trace(laid: tuple[Reader, dict[str, int]], entries: pl.DataFrame) -> None:
    reader, span = laid

    counts = reader.frame("count_exposure", first_minute=0, bin_minutes=1, **span)
    many = dict(read_request_names(reader).exposed(counts).group_by("origin").agg(pl.col("requests").sum()).iter_rows())

    asked = entries.filter(pl.col("log") == "requests")
    checks = asked.filter(pl.col("user_agent").str.starts_with("GoogleHC")).height
    tests = asked.filter(pl.col("user_agent").str.contains("pytest")).height
    assert sum(many.values()) == asked.height
    assert many["health_checks"] >= checks > 0
    assert many["tests"] > tests > 0  # those that its requests sent on are among them


def test_instance_minutes_count_each_instance_once_a_minute(
    laid: tuple[Reader, dict[str, int]], entries: pl.DataFrame
) -> None:
    reader, span = laid
    first = span["start_ns"] // _MINUTE_NS

    told = reader.frame("count_instance_minutes", first_minute=first, bin_minutes=30, **span)

    keys = ["project", "service", "revision", "minute"]
    minutes = entries.select(*keys[:-1], "instance", each=pl.col("at_ns") // _MINUTE_NS).unique()
    due = (
        minutes.with_columns(minute=(pl.col("each") - first) // 30 * 30 + first)
        .group_by(keys)
        .agg(instances=pl.len().cast(pl.Int64))
    )
    assert told.sort(keys).equals(due.sort(keys))


def test_callers_are_counted_with_their_agents(laid: tuple[Reader, dict[str, int]], entries: pl.DataFrame) -> None:
    reader, span = laid
    agent = "axios/1.7.9"

    counts = reader.frame("count_caller_requests", clients=[], agents=[agent], bin_minutes=1, **span)
    told = read_request_names(reader).called(counts)

    due = entries.filter(pl.col("user_agent") == agent)
    assert told["agent"].cast(pl.String).unique().to_list() == [agent]
    assert told["requests"].sum() == due.height
    assert set(told["service"].cast(pl.String)) == set(due["service"])


def test_latencies_are_counted_as_their_trials_are_listed(laid: tuple[Reader, dict[str, int]]) -> None:
    reader, span = laid
    params: dict[str, Any] = {**span, **origin_params(), "bin_ns": _MINUTE_NS, "per_octave": PER_OCTAVE}
    for query in LATENCY_TABLES:
        reader.lay(query, **params)

    names = reader.frame("find_latency_operations")
    counts = reader.frame("count_latencies")
    operations = names["operation_id"].unique().to_list()
    trials = reader.frame("find_latency_trials", operations=operations, every=1, **span)

    assert operations == list(range(18))  # six routes of three services
    many = counts.join(names, on=["operation_id", "revision_id"]).group_by("service", "revision").agg(
        pl.col("requests").sum()
    )  # fmt: skip
    listed = trials.group_by("service", "revision").agg(requests=pl.len().cast(pl.Int64))
    assert many.sort(pl.all()).equals(listed.sort(pl.all()))
    assert 0.9 * _ROWS / 2 < trials.height < _ROWS / 2  # failures, health checks and first answers are left out


def test_names_that_stand_for_several_places_are_one() -> None:
    places = pl.DataFrame(
        {
            "id": [0, 1], "project": ["p", "p"], "service": ["s", "s"], "revision": ["r", "r"],
            "http_method": ["", "GET"],
        }
    )  # fmt: skip
    routes = pl.DataFrame({"number": [0, 1], "route": ["/a", "/a"]})
    counts = pl.DataFrame(
        {"place": [0, 1, 1], "route": [0, 0, 1], "origin": [4, 2, 2], "minute": [1, 1, 1], "requests": [3, 2, 1]}
    )

    told = RequestNames(places, routes, pl.DataFrame({"id": [], "user_agent": []})).exposed(counts)

    assert told["route"].cast(pl.String).to_list() == [" /a", "GET /a", "GET /a"]
    assert told["origin"].cast(pl.String).to_list() == ["users", "tests", "tests"]
    assert told["revision"].cast(pl.String).to_list() == ["r", "r", "r"]


def _batch(rows: pl.DataFrame) -> Batch:
    empty = SPAN_SCHEMA.to_frame(), FACT_SCHEMA.to_frame(), DEAD_LETTER_SCHEMA.to_frame()
    return Batch("test", "drawn", rows.height, rows, *empty)


def _asked(entries: pl.DataFrame, first: int, wide: int) -> pl.DataFrame:
    """The requests with their route and the first minute of their stretch."""
    return entries.filter(pl.col("log") == "requests").select(
        "project", "service", "revision",
        route=pl.format("{} {}", "http_method", pl.col("http_path").str.replace(r"/[0-9]+$", "/*")),
        minute=(pl.col("at_ns") // _MINUTE_NS - first) // wide * wide + first,
    )  # fmt: skip


def test_bounds_name_each_project_once(laid: tuple[Reader, dict[str, int]], entries: pl.DataFrame) -> None:
    reader, _ = laid

    bounds = reader.frame("find_bounds", end_ns=2**62).row(0, named=True)

    assert bounds == {"first_ns": entries["at_ns"].min(), "last_ns": entries["at_ns"].max(), "projects": ["shop"]}
