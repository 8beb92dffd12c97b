"""The exporter of opentelemetry-sdk that writes into the store itself."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import orjson
import polars as pl
import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, TraceFlags
from opentelemetry.trace.span import SpanContext

from collector.config import StoreConfig
from collector.errors import ConfigError
from collector.receiver.exporter import LogtriageSpanExporter
from collector.store import Store


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[LogtriageSpanExporter]:
    """An exporter over a database of its own."""
    exporter = LogtriageSpanExporter(tmp_path / "sdk.duckdb", wait_s=0.3)
    yield exporter
    exporter.shutdown()


def _rows(folder: Path, sql: str) -> pl.DataFrame:
    with Store(StoreConfig(path=folder / "sdk.duckdb")).read() as reader:
        return reader.sql(sql)


def _provider(*exporters: InMemorySpanExporter) -> TracerProvider:
    resource = Resource({"service.name": "shop", "service.version": "shop-00007-abc"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    for one in exporters:
        provider.add_span_processor(SimpleSpanProcessor(one))
    return provider


def _some(count: int = 2) -> tuple[ReadableSpan, ...]:
    kept = InMemorySpanExporter()
    tracer = _provider(kept).get_tracer("test")
    for _ in range(count):
        tracer.start_span("work").end()
    return kept.get_finished_spans()


def test_a_program_s_spans_are_stored_as_received_ones(tmp_path: Path, exporter: LogtriageSpanExporter) -> None:
    provider = _provider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    other = SpanContext(trace_id=7, span_id=9, is_remote=True, trace_flags=TraceFlags(1))

    with tracer.start_as_current_span("GET /orders", kind=SpanKind.SERVER, links=[Link(other)]) as outer:
        outer.set_attribute("http.response.status_code", 500)
        outer.set_attribute("tags", ["a", "b"])
        outer.set_attribute("api_key", "sk-live-abcdefghijklmnop")
        with pytest.raises(ValueError, match="boom"), tracer.start_as_current_span("db"):
            raise ValueError("boom")
    assert provider.force_flush()
    provider.shutdown()

    stored = _rows(tmp_path, "select * from spans order by parent_span")
    assert stored["name"].to_list() == ["GET /orders", "db"]
    server, inner = stored.rows(named=True)
    assert inner["parent_span"] == server["span"]
    assert (server["service"], server["revision"], server["kind"]) == ("shop", "shop-00007-abc", 2)
    assert server["http_status"] == 500
    assert server["links"] == f"{7:032x}:{9:016x}"
    assert orjson.loads(server["attributes"])["tags"] == ["a", "b"]
    assert "abcdefghijklmnop" not in server["attributes"]
    assert (inner["status"], inner["kind"]) == (2, 1)
    assert "ValueError: boom" in inner["exception"]
    assert server["received_at_ns"] >= server["start_ns"]
    assert _rows(tmp_path, "select kind, source, outcome from runs").rows() == [
        ("receive", "opentelemetry-sdk", "complete")
    ]


def test_what_is_exported_twice_is_stored_once(tmp_path: Path, exporter: LogtriageSpanExporter) -> None:
    spans = _some()

    assert [exporter.export(spans) for _ in range(2)] == [SpanExportResult.SUCCESS] * 2
    assert exporter.force_flush()
    assert _rows(tmp_path, "select span from spans").height == 2


def test_odd_values_do_no_harm(tmp_path: Path, exporter: LogtriageSpanExporter) -> None:
    (model,) = _some(1)
    odd = ReadableSpan(
        name="odd \ud800",
        context=model.context,
        resource=model.resource,
        attributes={"big": 2**70, "b": b"\x00\xff", "none": None, "map": {"a": 1.5}, "nan": float("nan")},
        start_time=model.start_time,
    )

    assert exporter.export([odd, ReadableSpan(name="no context")]) is SpanExportResult.SUCCESS
    (row,) = _rows(tmp_path, "select name, attributes, duration_ns from spans").rows(named=True)
    assert row["name"] == "odd \ufffd"
    assert orjson.loads(row["attributes"])["map"] == {"a": 1.5}
    assert row["duration_ns"] is None
    assert _rows(tmp_path, "select reason from dead_letters").height == 1


def test_a_store_that_is_busy_or_gone_is_a_failure_and_no_exception(
    tmp_path: Path, exporter: LogtriageSpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    spans = _some()
    nowhere = LogtriageSpanExporter(tmp_path / "no" / "such" / "folder.duckdb")
    assert exporter.export(spans[:1]) is SpanExportResult.SUCCESS

    with Store(StoreConfig(path=tmp_path / "sdk.duckdb")).read():
        busy = exporter.export(spans), exporter.export(spans)
    gone = nowhere.export(spans)
    nowhere.shutdown()

    assert busy == (SpanExportResult.FAILURE, SpanExportResult.FAILURE)
    assert gone is SpanExportResult.FAILURE
    assert [line.partition("`")[0] for line in caplog.messages] == [
        "spans are not stored: The database ", "spans are not stored: The database ",
    ]  # fmt: skip
    assert exporter.export(spans) is SpanExportResult.SUCCESS


def test_after_a_shutdown_nothing_is_stored(tmp_path: Path, exporter: LogtriageSpanExporter) -> None:
    exporter.shutdown()
    exporter.shutdown()

    assert exporter.export(_some()) is SpanExportResult.FAILURE
    assert not (tmp_path / "sdk.duckdb").exists()


_FORKING = """
import os, sys
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from collector.receiver.exporter import LogtriageSpanExporter
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(LogtriageSpanExporter()))
tracer = provider.get_tracer("test")
if sys.argv[1] == "used":
    tracer.start_span("before").end()
child = os.fork()
if child:
    os.waitpid(child, 0)
tracer.start_span("parent" if child else "child").end()
provider.shutdown()
os._exit(0)
"""


@pytest.mark.parametrize(("state", "stored"), [("fresh", ["child", "parent"]), ("used", ["before", "parent"])])
def test_a_forked_child_stores_in_a_run_of_its_own_or_says_that_it_cannot(
    tmp_path: Path, state: str, stored: list[str]
) -> None:
    environment = {**os.environ, "LOGTRIAGE_DB": str(tmp_path / "sdk.duckdb"), "PYTHONPATH": ":".join(sys.path)}

    done = run(
        [sys.executable, "-c", _FORKING, state],
        env=environment,
        timeout=300,
        check=True,
        capture_output=True,
        text=True,
    )

    assert sorted(_rows(tmp_path, "select name from spans")["name"]) == stored
    assert _rows(tmp_path, "select distinct outcome from runs").rows() == [("complete",)]
    assert ("make the exporter in the child" in done.stderr) == (state == "used")


def test_own_patterns_are_taken_out_of_a_program_s_spans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_REDACT", '{"patterns": [{"name": "badge", "pattern": "BADGE-[0-9]{6}"}]}')
    exporter = LogtriageSpanExporter(tmp_path / "sdk.duckdb")
    kept = InMemorySpanExporter()
    _provider(kept).get_tracer("test").start_span("scan", attributes={"who": "BADGE-123456"}).end()

    assert exporter.export(kept.get_finished_spans()) is SpanExportResult.SUCCESS
    exporter.shutdown()

    assert _rows(tmp_path, "select attributes from spans")["attributes"].to_list() == ['{"who":"<badge>"}']


def test_patterns_that_cannot_be_used_are_no_silent_lack_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_REDACT", '{"patterns": [{"name": "badge", "pattern": "(BADGE"}]}')

    with pytest.raises(ConfigError, match="LOGTRIAGE_REDACT") as told:
        LogtriageSpanExporter("never.duckdb")

    assert "(BADGE" not in str(told.value)
