"""Telemetry of a daemon: what a real client scrapes, what a real receiver is sent, what its own store holds."""

import gzip
import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from collector.config import StoreConfig
from collector.normalise.redact_config import OwnPattern, RedactConfig
from collector.receiver.intake import Counts
from collector.records import Ledger
from collector.sources.base import process_settings
from collector.store import Store
from logtriage.config import Config
from logtriage.errors import ConfigError, SourceError
from logtriage.jobs import JobName, JobRun
from logtriage.parts import part
from logtriage.telemetry.config import TelemetryConfig
from logtriage.telemetry.instruments import METRICS
from logtriage.telemetry.log_lines import our_loggers
from logtriage.telemetry.observer import Telemetry, open_telemetry
from tests.support.receiver import Reply, Request, serve_http

LOG = logging.getLogger("logtriage.daemon.somewhere")
_DENIED = "`projects/shop` cannot be read: permission denied. Grant roles/logging.viewer."


@pytest.fixture(autouse=True, scope="module")
def _told_from_info_on() -> Iterator[None]:
    before = [(logger, logger.level) for logger, _ in our_loggers()]
    for logger, lowest in our_loggers():
        logger.setLevel(lowest)
    yield
    for logger, level in before:
        logger.setLevel(level)


def _config(folder: Path, **telemetry: Any) -> Config:
    return Config(store=StoreConfig(path=folder / "own.duckdb", threads=1), telemetry=TelemetryConfig(**telemetry))


def _opened(config: Config, **more: Any) -> Telemetry:
    found = open_telemetry(config, every_s={"collect": 3600.0}, **more)
    assert found is not None
    return found


def _run(told: Telemetry, job: JobName, *, error: SourceError | None = None) -> None:
    """One run of a job, with the pull of a source as its part."""
    begun = time.time_ns()
    told.began(job, begun)
    detail = ""
    if job == "collect":
        try:
            with part("pull", source="logs") as pulled:
                pulled.tell(stored=7, duplicates=2, dead=1)
                if error is not None:
                    raise error
        except SourceError as failed:
            detail = f"logs: {failed}"
            LOG.error("collect failed: %s token=hunter2hunter2", detail)  # noqa: TRY400 - as a job's edge does
    outcome = "failed" if detail else "done"
    told.ended(JobRun(job, begun, time.time_ns(), outcome, detail, {"stored": 7}))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Seen:
    """What came out of one telemetry that was told of runs."""

    text: str
    health: dict[str, Any]
    sent: Sequence[Request]
    entries: pl.DataFrame
    spans: pl.DataFrame
    batches: pl.DataFrame
    signed: pl.DataFrame

    def bodies(self, path: str) -> list[bytes]:
        return [gzip.decompress(one.body) for one in self.sent if one.path == path]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> _Seen:
    folder = tmp_path_factory.mktemp("telemetry")
    counts = Counts(3, Ledger(6, 4, 1, 1), 10, "", {"resource_exhausted": 2})
    with serve_http(lambda _: Reply(200, "")) as server:
        config = _config(folder, health="127.0.0.1:0", otlp=server.url)
        told = _opened(config, receiver=lambda: counts)
        _run(told, "collect", error=SourceError(_DENIED))
        _run(told, "collect")
        _run(told, "classify")
        with httpx.Client(base_url=f"http://{told.address}") as client:
            process_settings().quotas.of("projects/shop", calls_per_min=60).acquire()  # counts for a minute
            text, health = client.get("/metrics").text, client.get("/healthz").json()
        told.close()
    with Store(config.store).read() as reader:
        tables = [reader.sql(f"from {name}") for name in ("entries", "spans", "batches", "occurrences")]
    return _Seen(text, health, server.requests, *tables)


def _samples(seen: _Seen) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(seen.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_what_is_scraped_is_the_table_and_what_a_process_has(seen: _Seen) -> None:
    names = {one.exposed for one in METRICS}
    families = {
        f"{one.name}_total" if one.type == "counter" else one.name for one in text_string_to_metric_families(seen.text)
    }

    ours = {name for name in families if name.startswith("logtriage_")}
    assert ours == names - {"logtriage_source_lag_seconds", "logtriage_outbox_waiting"}  # no source, no channel here
    assert {name for name in families - ours if not name.startswith("process_")} == {"target_info"}


def test_labels_are_those_of_the_table(seen: _Seen) -> None:
    labels = {one.exposed: set(one.labels) for one in METRICS}

    for name, found in _samples(seen).items():
        exposed = next((one for one in labels if name == one or name.removesuffix("_count") == one), None)
        if exposed is not None:
            assert all(set(given) == labels[exposed] for given, _ in found), name


def test_counts_are_what_was_told(seen: _Seen) -> None:
    found = _samples(seen)

    assert ({"source": "logs", "outcome": "stored"}, 14.0) in found["logtriage_source_records_total"]
    assert ({"source": "logs", "outcome": "dead"}, 2.0) in found["logtriage_source_records_total"]
    assert ({"job": "collect", "outcome": "failed"}, 1.0) in found["logtriage_job_duration_seconds_count"]
    assert ({"job": "collect", "outcome": "done"}, 1.0) in found["logtriage_job_duration_seconds_count"]
    assert ({"code": "resource_exhausted"}, 2.0) in found["logtriage_receiver_refused_total"]
    assert ({"outcome": "duplicate"}, 1.0) in found["logtriage_receiver_spans_total"]
    assert ({"owner": "projects/shop"}, 60.0) in found["logtriage_source_quota_limit"]
    used = {labels["owner"]: many for labels, many in found["logtriage_source_quota_used"]}
    assert used["projects/shop"] >= 1
    assert ({"severity": "ERROR"}, 1.0) in found["logtriage_log_records_total"]
    assert found["logtriage_store_size_bytes"][0][1] > 0
    assert found["logtriage_job_last_success_timestamp_seconds"][0][1] == pytest.approx(time.time(), abs=3600)


def test_no_text_of_a_failure_is_in_a_label(seen: _Seen) -> None:
    assert "permission" not in seen.text
    assert "hunter2" not in seen.text


def test_health_tells_each_job_that_is_looked_after(seen: _Seen) -> None:
    assert seen.health["status"] == "ok"
    assert seen.health["jobs"]["collect"]["last_outcome"] == "done"


def test_the_runs_are_traces_with_their_parts(seen: _Seen) -> None:
    spans = [
        (span, {one.key: one.value.string_value for one in resource.resource.attributes})
        for body in seen.bodies("/v1/traces")
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]

    by_name = {(span.name, span.status.code) for span, _ in spans}
    assert by_name == {("collect", 2), ("pull", 2), ("collect", 0), ("pull", 0), ("classify", 0)}
    parents = {span.span_id for span, _ in spans if span.name == "collect"}
    assert all(span.parent_span_id in parents for span, _ in spans if span.name == "pull")
    assert {resource["service.name"] for _, resource in spans} == {"logtriage"}


def test_lines_are_sent_with_the_trace_of_their_run(seen: _Seen) -> None:
    records = [
        record
        for body in seen.bodies("/v1/logs")
        for resource in ExportLogsServiceRequest.FromString(body).resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]

    (one,) = [record for record in records if record.severity_text == "ERROR"]
    assert "permission denied" in one.body.string_value
    assert one.trace_id.hex() in set(seen.spans["trace"])


def test_metrics_are_sent_under_the_names_of_the_table(seen: _Seen) -> None:
    names = {
        metric.name
        for body in seen.bodies("/v1/metrics")
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }

    assert "logtriage.job.duration" in names
    assert names <= {one.name for one in METRICS}


def test_its_own_failure_is_an_entry_of_its_own_store_redacted_and_signed(seen: _Seen) -> None:
    (entry,) = seen.entries.to_dicts()

    assert entry["service"] == "logtriage"
    assert entry["revision"] == "0.1.0"
    assert entry["severity"] == 17
    assert "permission denied" in entry["message"]
    assert "hunter2" not in json.dumps({name: str(value) for name, value in entry.items()})
    assert entry["trace"] in set(seen.spans["trace"])
    assert set(seen.signed["service"]) == {"logtriage"}


def test_own_runs_are_spans_and_the_sums_of_law_1_hold(seen: _Seen) -> None:
    assert sorted(seen.spans["name"]) == ["classify", "collect", "collect", "pull", "pull"]
    assert set(seen.spans["service"]) == {"logtriage"}
    assert set(seen.batches["source"]) == {"logtriage"}
    assert (seen.batches["read"] == seen.batches["stored"] + seen.batches["duplicates"] + seen.batches["dead"]).all()


def test_a_receiver_that_is_not_there_costs_a_line_a_kind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "logtriage")
    told = _opened(_config(tmp_path, otlp="http://127.0.0.1:9", watch_itself=False))
    for _ in range(50):
        _run(told, "classify")

    told.close()

    lines = [one.getMessage() for one in caplog.records]
    assert lines.count("spans cannot be sent to `http://127.0.0.1:9`: it does not answer") == 1


def test_a_receiver_that_refuses_is_told_with_its_answer_and_when_it_takes_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "logtriage")
    answers = iter([Reply(401, ""), Reply(401, "")])
    with serve_http(lambda _: next(answers, Reply(200, ""))) as server:
        told = _opened(_config(tmp_path, otlp=f"{server.url}/key-in-the-path", watch_itself=False))
        assert told._export is not None
        for _ in range(3):
            _run(told, "classify")
            told._export.spans.force_flush()
        told.close()

    lines = [one.getMessage() for one in caplog.records if one.getMessage().startswith("spans")]
    assert lines == [
        f"spans cannot be sent to `{server.url}`: it answers 401",
        f"spans are sent to `{server.url}` again",
    ]


def test_own_patterns_are_taken_out_of_own_lines(tmp_path: Path) -> None:
    own = RedactConfig(patterns=(OwnPattern(name="badge", pattern="BADGE-[0-9]{6}"),))
    told = _opened(_config(tmp_path).model_copy(update={"redact": own}))
    LOG.warning("the source `BADGE-123456` answers 503")
    told.close()

    stored = Store(StoreConfig(path=tmp_path / "own.duckdb"))
    with stored.read() as reader:
        assert reader.sql("select message from entries").item() == "the source `<badge>` answers 503"


def test_what_cannot_be_stored_is_told_once_and_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "logtriage")
    config = _config(tmp_path / "later")
    told = _opened(config)
    for _ in range(3):
        _run(told, "collect", error=SourceError(_DENIED))
    (tmp_path / "later").mkdir()
    told.close()

    lines = [one.getMessage() for one in caplog.records if "not stored" in one.getMessage()]
    assert len(lines) == 1
    with Store(config.store).read() as reader:
        assert reader.sql("select count(*) as n from entries")["n"][0] == 3
        assert reader.sql("select count(*) as n from spans")["n"][0] == 6


def test_more_lines_than_a_cycle_may_have_are_dead_letters(tmp_path: Path) -> None:
    config = _config(tmp_path)
    told = _opened(config)
    for number in range(520):
        LOG.warning("line %d", number)
    told.close()

    with Store(config.store).read() as reader:
        sums = reader.sql("select read, stored, dead from batches where location = 'own entries'").row(0)
    assert sums == (520, 500, 20)


def test_where_nothing_is_wanted_nothing_is_opened(tmp_path: Path) -> None:
    assert open_telemetry(_config(tmp_path, watch_itself=False), every_s={}) is None
    with pytest.raises(ConfigError, match="beyond_this_machine"):
        open_telemetry(_config(tmp_path, health="0.0.0.0:0"), every_s={})
