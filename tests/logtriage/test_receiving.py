"""`logtriage receive` as a process of its own: official exporters, many clients, a kill, a stop."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from collector.config import StoreConfig
from collector.receiver.config import GRPC_ADDRESS, HTTP_ADDRESS, ReceiveConfig
from collector.store import Store
from logtriage import gathering, pipeline
from logtriage.config import Config
from logtriage.errors import WrongUsage
from logtriage.receiving import receive_settings
from tests.support.command_line import MAIN, spawn
from tests.support.daemons import daemon, write_settings
from tests.support.receiving import PROTOBUF, proto, wait_until


@dataclass
class _Running:
    """The process, and where it listens."""

    process: "subprocess.Popen[str]"
    http: str
    grpc: str
    database: Path

    @property
    def url(self) -> str:
        return f"http://{self.http}/v1/traces"

    def span_ids(self) -> list[str]:
        with Store(StoreConfig(path=self.database)).read() as reader:
            return sorted(reader.sql("select span from spans where service <> 'logtriage'")["span"].to_list())


@contextlib.contextmanager
def _running(folder: Path) -> Iterator[_Running]:
    """`logtriage receive` on free ports; ended with SIGTERM unless it has ended before."""
    database = folder / "r.duckdb"
    given = {key: value for key, value in os.environ.items() if not key.startswith("LOGTRIAGE_")}
    words = ("receive", "--http", "127.0.0.1:0", "--grpc", ":0", "--db", str(database))
    with subprocess.Popen(
        [*MAIN, *words], cwd=folder, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            http, grpc_place = process.stdout.readline().split()[-1], process.stdout.readline().split()[-1]
            yield _Running(process, http.split("/")[2], grpc_place, database)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)


def _spans(count: int, service: str) -> Sequence[ReadableSpan]:
    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("test")
    for number in range(count):
        with tracer.start_as_current_span(f"GET /{number}"):
            pass
    return kept.get_finished_spans()


def test_the_official_exporters_deliver_eight_at_once_and_a_stop_drains(tmp_path: Path) -> None:
    with _running(tmp_path) as here:
        exporters: list[SpanExporter] = [
            HttpExporter(endpoint=here.url),
            HttpExporter(endpoint=here.url, compression=Compression.Gzip),
            HttpExporter(endpoint=here.url, compression=Compression.Deflate),
            GrpcExporter(endpoint=here.grpc, insecure=True),
            GrpcExporter(endpoint=here.grpc, insecure=True, compression=grpc.Compression.Gzip),
        ]
        exporters += [HttpExporter(endpoint=here.url), GrpcExporter(endpoint=here.grpc, insecure=True)]
        exporters += [HttpExporter(endpoint=here.url, compression=Compression.Gzip)]
        batches = [_spans(50, f"service-{number}") for number in range(8)]

        def deliver(pair: tuple[SpanExporter, Sequence[ReadableSpan]]) -> list[SpanExportResult]:
            exporter, spans = pair
            try:
                return [exporter.export(spans[at : at + 10]) for at in range(0, 50, 10)]
            finally:
                exporter.shutdown()

        with ThreadPoolExecutor(8) as pool:
            results = [one for some in pool.map(deliver, zip(exporters, batches, strict=True)) for one in some]
        acknowledged = here.span_ids()
        here.process.send_signal(signal.SIGTERM)
        out, err = here.process.communicate(timeout=300)

    assert results == [SpanExportResult.SUCCESS] * 40
    assert acknowledged == sorted(f"{span.context.span_id:016x}" for some in batches for span in some)
    assert (here.process.returncode, err) == (0, "")
    assert out == "400 read = 400 stored + 0 dup + 0 dead\n"


def test_a_kill_in_the_middle_loses_nothing_that_was_acknowledged_and_a_retry_doubles_nothing(tmp_path: Path) -> None:
    acknowledged: dict[int, int] = {}

    def send(url: str, firsts: Sequence[int]) -> None:
        with httpx.Client(timeout=300) as client:
            for first in firsts:
                if first in acknowledged:
                    continue
                try:
                    answer = client.post(url, content=proto(first, 10), headers={"content-type": PROTOBUF})
                except httpx.TransportError:
                    return
                acknowledged[first] = answer.status_code

    parts = [range(1 + 1000 * part, 1 + 1000 * part + 120, 10) for part in range(8)]
    with _running(tmp_path) as here, ThreadPoolExecutor(8) as pool:
        sending = [pool.submit(send, here.url, firsts) for firsts in parts]
        wait_until(lambda: len(acknowledged) >= 16)
        here.process.kill()
        for one in sending:
            one.result(30)
    before = dict(acknowledged)
    stored = set(here.span_ids())

    with _running(tmp_path) as again, ThreadPoolExecutor(8) as pool:
        for one in [pool.submit(send, again.url, firsts) for firsts in parts]:
            one.result(60)
        ids = again.span_ids()
        with Store(StoreConfig(path=again.database)).read() as reader:
            runs = reader.sql("select kind, outcome from runs order by run_id").rows()

    assert set(before.values()) == {200}
    assert len(before) < 96
    assert {f"{first + more:016x}" for first in before for more in range(10)} <= stored
    assert ids == sorted(f"{first + more:016x}" for some in parts for first in some for more in range(10))
    assert runs == [("receive", "interrupted"), ("receive", "running")]


def test_the_daemon_listens_where_config_says_so_and_needs_no_other_source(tmp_path: Path) -> None:
    write_settings(tmp_path, receive={"http": "127.0.0.1:0"})

    with daemon(tmp_path) as running:
        url = running.until("/v1/traces").split()[-1]
        answer = httpx.post(url, content=proto(1), headers={"content-type": PROTOBUF}, timeout=300)
        code = running.stop()

    assert answer.status_code == 200
    assert code == 0
    assert "stopped" in running.log[-1]
    with Store(StoreConfig(path=tmp_path / "d.duckdb")).read() as reader:
        assert reader.sql("select kind, outcome from runs where source = 'otlp'").rows() == [("receive", "complete")]


def test_wrong_addresses_are_plain_errors(tmp_path: Path) -> None:
    wrong = spawn(tmp_path, "receive", "--http", "nowhere")
    open_to_all = spawn(tmp_path, "receive", "--grpc", "0.0.0.0:0", "--db", "x.duckdb")

    assert wrong.returncode == 2
    assert wrong.stderr.startswith("--http is `nowhere`; it should be ADDRESS:PORT")
    assert open_to_all.returncode == 1
    assert "Set LOGTRIAGE_RECEIVE_TOKEN" in open_to_all.stderr


def test_options_win_over_the_section_and_without_both_it_listens_at_the_ports_of_otlp() -> None:
    section = ReceiveConfig(http="127.0.0.1:1", grpc="127.0.0.1:2")

    def settings(config: ReceiveConfig, http: str | None = None, grpc: str | None = None) -> tuple[str | None, ...]:
        found = receive_settings(config, http=http, grpc=grpc, without_token=False)
        return found.http, found.grpc

    assert settings(ReceiveConfig()) == (HTTP_ADDRESS, GRPC_ADDRESS)
    assert settings(section) == ("127.0.0.1:1", "127.0.0.1:2")
    assert settings(section, http=":9") == (":9", None)
    assert settings(ReceiveConfig(), grpc=":9") == (None, ":9")
    assert receive_settings(section, http=None, grpc=None, without_token=True).without_token
    with pytest.raises(WrongUsage, match="--grpc is `x`"):
        settings(section, grpc="x")


def test_what_came_in_is_signed_on_a_slow_beat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signed: list[Path] = []
    monkeypatch.setattr(gathering, "_sign", lambda store: signed.append(store.path))  # counted, and not done
    config = Config(store=StoreConfig(path=tmp_path / "r.duckdb"), receive=ReceiveConfig(http="127.0.0.1:0"))

    with pipeline.receiving(config, beat_s=0.02) as receiver, httpx.Client() as client:
        url, headers = f"http://{receiver.http}/v1/traces", {"content-type": PROTOBUF}
        assert client.post(url, content=proto(1), headers=headers).status_code == 200
        wait_until(lambda: signed)
        assert client.post(url, content=proto(1), headers=headers).status_code == 200  # a duplicate is nothing new
    with pipeline.receiving(config, beat_s=600) as receiver, httpx.Client() as client:
        assert client.post(f"http://{receiver.http}/v1/traces", content=proto(2), headers=headers).status_code == 200

    assert signed == [config.store.path] * 2
