"""A real daemon beside real servers of loopback: one source that answers, one that is denied, a receiver of spans."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import polars as pl
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from collector.config import StoreConfig
from collector.store import Store
from tests.support.grpc_faults import FaultScript, Refuse
from tests.support.log_entries import make_entries
from tests.support.logging_server import LoggingServer
from tests.support.receiving import Receiving, receiving
from tests.support.run_server import RunServer

_DENIED = Refuse(grpc.StatusCode.PERMISSION_DENIED, "caller ops@example.com lacks it")


@dataclass(frozen=True)
class _Lived:
    """What a daemon left behind: the last scrape, its health, its log, its own store, and what it sent away."""

    metrics: dict[str, list[tuple[dict[str, str], float]]]
    health: httpx.Response
    alive: httpx.Response
    lines: list[dict[str, Any]]
    code: int
    own: Callable[[str], pl.DataFrame]
    sent: pl.DataFrame


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _settings(folder: Path, logs: LoggingServer, runs: RunServer, far: Receiving, port: int) -> Path:
    place = {"insecure": True, "patience_s": 0.0, "deadline_s": 5.0}
    pulled = {"kind": "cloud_logging", "name": "logs", "resources": ["projects/demo-stage"], "endpoint": logs.endpoint}
    denied = {"kind": "cloud_run", "name": "revisions", "projects": ["demo-stage"], "locations": ["europe-west1"]}
    settings = {
        "sources": [pulled | place, denied | place | {"endpoint": f"127.0.0.1:{runs.port}"}],
        "store": {"path": str(folder / "own.duckdb"), "threads": 1},
        "schedule": {"collect": "1s", "verify": "never"},
        "telemetry": {
            "health": f"127.0.0.1:{port}", "otlp": f"http://{far.receiver.http}", "log_format": "json",
        },
    }  # fmt: skip
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def _scraped(client: httpx.Client) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def _has_looked(client: httpx.Client) -> bool:
    try:
        text = client.get("/metrics").text
    except httpx.TransportError:
        return False  # it does not listen yet
    return 'logtriage_job_duration_seconds_count{job="classify",outcome="done"}' in text


def _wait(is_true: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not is_true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)  # another process does the work, and needs the processor


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> _Lived:
    folder, port = tmp_path_factory.mktemp("lived"), _free_port()
    now_ns = time.time_ns()
    entries = make_entries(
        50, seed=3, start_ns=now_ns - 3600 * 10**9, end_ns=now_ns - 600 * 10**9, project="demo-stage"
    )
    with (
        LoggingServer(entries) as logs,
        RunServer(faults=FaultScript(draw=lambda: _DENIED)) as runs,
        receiving(tmp_path_factory.mktemp("far"), grpc=None) as far,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300) as client,
    ):
        path = _settings(folder, logs, runs, far, port)
        log = folder / "log.jsonl"
        with log.open("wb") as stderr:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "logtriage.cli", "daemon", "--config", str(path)],
                stderr=stderr, env={**os.environ, "GOOGLE_CLOUD_PROJECT": "demo-stage"}, cwd=folder,
            )  # fmt: skip
            try:
                _wait(lambda: _has_looked(client) or daemon.poll() is not None)
                metrics, health, alive = _scraped(client), client.get("/healthz"), client.get("/livez")
                daemon.send_signal(signal.SIGTERM)
                code = daemon.wait(30)
            finally:
                daemon.kill()
                daemon.wait()
        sent = far.rows("select * from spans")
    store = Store(StoreConfig(path=folder / "own.duckdb"))

    def own(sql: str) -> pl.DataFrame:
        with store.read() as reader:
            return reader.sql(sql)

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return _Lived(metrics, health, alive, lines, code, own, sent)


def test_the_scrape_tells_each_source_and_what_became_of_its_records(lived: _Lived) -> None:
    records = {
        tuple(sorted(labels.items())): value for labels, value in lived.metrics["logtriage_source_records_total"]
    }
    assert records[(("outcome", "stored"), ("source", "logs"))] == 50
    pulls = {
        (one["source"], one["outcome"]) for one, _ in lived.metrics["logtriage_source_pull_duration_seconds_count"]
    }
    assert pulls == {("logs", "done"), ("revisions", "failed")}
    lags = {labels["source"]: value for labels, value in lived.metrics["logtriage_source_lag_seconds"]}
    assert 0 < lags["logs"] < 3600
    assert lived.metrics["logtriage_source_quota_used"][0][1] > 0


def test_a_denied_source_keeps_collect_from_success_and_the_rest_works(lived: _Lived) -> None:
    runs = {(one["job"], one["outcome"]) for one, _ in lived.metrics["logtriage_job_duration_seconds_count"]}

    assert ("collect", "failed") in runs
    assert ("collect", "done") not in runs
    assert ("classify", "done") in runs
    assert lived.health.json()["jobs"]["collect"]["last_outcome"] == "failed"
    assert "run.services.list" in lived.health.json()["jobs"]["collect"]["detail"]
    assert lived.alive.status_code == 200


def test_every_line_of_the_log_is_json_with_the_trace_of_its_run(lived: _Lived) -> None:
    denied = [one for one in lived.lines if "run.services.list" in one["message"]]

    assert all(
        {"severity", "message", "time", "logging.googleapis.com/sourceLocation"} <= set(one) for one in lived.lines
    )
    assert {one["severity"] for one in denied} <= {"ERROR", "WARNING", "INFO"}
    errors = [one for one in denied if one["severity"] == "ERROR"]
    assert errors
    assert all(one["logging.googleapis.com/trace"].startswith("projects/demo-stage/traces/") for one in errors)
    assert "ops@example.com" not in json.dumps(lived.lines)


def test_its_spans_come_to_another_receiver(lived: _Lived) -> None:
    assert lived.code == 0
    assert set(lived.sent["service"]) == {"logtriage"}
    assert {"collect", "pull", "sign", "classify", "analyse", "remember"} <= set(lived.sent["name"])
    traces = {one["logging.googleapis.com/trace"].rpartition("/")[2] for one in lived.lines
              if "logging.googleapis.com/trace" in one}  # fmt: skip
    assert traces & set(lived.sent["trace"])


def test_its_own_failure_is_a_cluster_of_its_own_store(lived: _Lived) -> None:
    own = lived.own("select distinct service, revision from entries where service = 'logtriage'").rows()
    signed = lived.own("select count(distinct signature_id) as n from occurrences where service = 'logtriage'").item()
    sums = lived.own("select sum(read), sum(stored + duplicates + dead) from batches where source = 'logtriage'").row(0)

    assert own == [("logtriage", "0.1.0")]
    assert signed >= 1
    assert sums[0] == sums[1] > 0
    assert "watch" not in set(lived.own("select name from spans")["name"])  # one a minute, and nothing in it
