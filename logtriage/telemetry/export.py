"""OTLP over HTTP to a receiver of the user's: spans, metrics, log lines, from bounded queues in threads of their own.

What cannot be sent is dropped and never waited for. The log has one line when it begins to fail and one when it is sent
again; the libraries' own lines, which name addresses, are not told.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from logtriage.telemetry.log_lines import message_of, place_of, severity_of

__all__ = ["Export"]

LOG = logging.getLogger(__name__)
_TIMEOUT_S = 5.0  # of one request with its retries
_QUEUE = 2048  # spans, and as many lines
_BATCH = 512
_DELAY_MS = 5000
_METRICS_EVERY_MS = 60_000
_CLOSE_S = 1.5  # for what waits; then requests on their way are left
_GIVE_UP_S = 0.3
_SEVERITIES = {
    "DEBUG": SeverityNumber.DEBUG, "INFO": SeverityNumber.INFO, "WARNING": SeverityNumber.WARN,
    "ERROR": SeverityNumber.ERROR, "CRITICAL": SeverityNumber.FATAL,
}  # fmt: skip


class Export:
    """What is sent to one receiver. `spans`, `metrics` and `lines` are given to providers and loggers of the caller."""

    def __init__(self, endpoint: str, headers: dict[str, str], resource: Resource) -> None:
        _quieten("opentelemetry", "urllib3", "requests")
        parts = urlsplit(endpoint)
        said = _Reachable(f"{parts.scheme}://{parts.netloc}")  # a path may hold a key
        settings: dict[str, Any] = {"headers": headers, "timeout": _TIMEOUT_S, "compression": Compression.Gzip}
        span_sender = _Spans(said, endpoint=f"{endpoint}/v1/traces", **settings)
        metric_sender = _Metrics(said, endpoint=f"{endpoint}/v1/metrics", **settings)
        line_sender = _Lines(said, endpoint=f"{endpoint}/v1/logs", **settings)
        self._senders = (span_sender, metric_sender, line_sender)
        self.spans = BatchSpanProcessor(
            span_sender, max_queue_size=_QUEUE, schedule_delay_millis=_DELAY_MS, max_export_batch_size=_BATCH
        )
        self.metrics = PeriodicExportingMetricReader(metric_sender, export_interval_millis=_METRICS_EVERY_MS)
        self._provider = LoggerProvider(resource, shutdown_on_exit=False)
        self._provider.add_log_record_processor(
            BatchLogRecordProcessor(
                line_sender, max_queue_size=_QUEUE, schedule_delay_millis=_DELAY_MS, max_export_batch_size=_BATCH
            )
        )
        self.lines = _LineHandler(self._provider)

    def close(self, *others: Callable[[], object]) -> None:
        """Sends what waits as far as that takes no two seconds. `others` are ended beside it, with the providers."""
        threads = [
            threading.Thread(target=end, name="telemetry-end", daemon=True)
            for end in (*others, self._provider.shutdown)
        ]
        for thread in threads:
            thread.start()
        _join(threads, _CLOSE_S)
        for sender in self._senders:
            sender.give_up()
        _join(threads, _GIVE_UP_S)


class _Reachable:
    """Says in the log when the receiver stops taking things, and when it takes them again."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._trouble: dict[str, str] = {}

    def tell(self, kind: str, *, is_taken: bool, code: int | None) -> None:
        """One export of a kind has ended; `code` is the answer's status, None where none came."""
        trouble = "" if is_taken else "it does not answer" if code is None else f"it answers {code}"
        with self._lock:
            before, self._trouble[kind] = self._trouble.get(kind, ""), trouble
        if trouble and trouble != before:
            LOG.warning("%s cannot be sent to `%s`: %s", kind, self._endpoint, trouble)
        elif before and not trouble:
            LOG.info("%s are sent to `%s` again", kind, self._endpoint)


class _Spans(OTLPSpanExporter):
    """As its base; the outcome is told."""

    def __init__(self, said: _Reachable, **settings: Any) -> None:
        super().__init__(**settings)
        self._said, self._code = said, _Code(self)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends them."""
        result = super().export(spans)
        self._said.tell("spans", is_taken=result is SpanExportResult.SUCCESS, code=self._code.last)
        return result

    def give_up(self) -> None:
        """Waits for no retry any more."""
        self._code.client.shutdown()


class _Metrics(OTLPMetricExporter):
    """As its base; the outcome is told."""

    def __init__(self, said: _Reachable, **settings: Any) -> None:
        super().__init__(**settings)
        self._said, self._code = said, _Code(self)

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = _TIMEOUT_S * 1000, **options: Any
    ) -> MetricExportResult:
        """Sends them."""
        result = super().export(metrics_data, timeout_millis, **options)
        self._said.tell("metrics", is_taken=result is MetricExportResult.SUCCESS, code=self._code.last)
        return result

    def give_up(self) -> None:
        """Waits for no retry any more."""
        self._code.client.shutdown()


class _Lines(OTLPLogExporter):
    """As its base; the outcome is told."""

    def __init__(self, said: _Reachable, **settings: Any) -> None:
        super().__init__(**settings)
        self._said, self._code = said, _Code(self)

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Sends them."""
        result = super().export(batch)
        self._said.tell("log lines", is_taken=result is LogRecordExportResult.SUCCESS, code=self._code.last)
        return result

    def give_up(self) -> None:
        """Waits for no retry any more."""
        self._code.client.shutdown()


class _Code:
    """The last answer of an exporter's client, which the exporter itself keeps to its log."""

    def __init__(self, exporter: Any) -> None:
        self.client = exporter._client  # noqa: SLF001 - there is no other way to the answer, or to end a retry
        self.last: int | None = None
        send = self.client.export

        def export(data: bytes) -> Any:
            result = send(data)
            self.last = result.status_code
            return result

        self.client.export = export


class _LineHandler(logging.Handler):
    """Lines of our log as log records of OpenTelemetry, with the trace that the thread runs in."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__(logging.INFO)
        self._provider = provider

    def emit(self, record: logging.LogRecord) -> None:
        """Queues one; never fails into whoever logs, never waits."""
        file, line, function = place_of(record)
        try:
            self._provider.get_logger(record.name).emit(
                LogRecord(
                    timestamp=round(record.created * 1e9),
                    observed_timestamp=time.time_ns(),
                    severity_text=severity_of(record),
                    severity_number=_SEVERITIES.get(record.levelname, SeverityNumber.UNSPECIFIED),
                    body=message_of(record),
                    attributes={
                        "code.file.path": file,
                        "code.line.number": line,
                        "code.function.name": function,
                    },
                )
            )
        except Exception:  # noqa: BLE001 - as every handler of logging: nobody who logs may fail by it
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Nothing: a traceback on stderr would hold the text of the line."""


def _quieten(*names: str) -> None:
    """The lines of these libraries go nowhere."""
    for name in names:
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
        logger.propagate = False


def _join(threads: Sequence[threading.Thread], seconds: float) -> None:
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
