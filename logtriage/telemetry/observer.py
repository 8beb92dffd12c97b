"""Telemetry of one daemon: opened from config.yaml, told of each run, closed within two seconds."""

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from collector.receiver.config import Address
from logtriage import __version__
from logtriage.errors import LogtriageError
from logtriage.jobs import JobRun
from logtriage.parts import PartName
from logtriage.telemetry.config import check_closed, read_headers
from logtriage.telemetry.health import Health
from logtriage.telemetry.log_lines import our_loggers, severity_of

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.resources import Resource

    from collector.receiver.intake import Counts
    from logtriage.config import Config
    from logtriage.telemetry.export import Export
    from logtriage.telemetry.instruments import Meters
    from logtriage.telemetry.tracing import Tracing
    from logtriage.telemetry.watching import Watch
    from logtriage.telemetry.web import HealthServer

__all__ = ["Telemetry", "open_telemetry"]

LOG = logging.getLogger(__name__)
_FLUSH_S = 300.0  # own failures are stored at least this often, where nothing is collected
_LOOKED_AFTER = frozenset({"collect", "digest"})  # jobs after which sources and channels stand elsewhere
_JSON = "application/json"


def open_telemetry(
    config: "Config", *, every_s: Mapping[str, float], receiver: "Callable[[], Counts | None]" = lambda: None,
    succeeded_ns: Mapping[str, int] | None = None,
) -> "Telemetry | None":  # fmt: skip
    """What section `telemetry` asks for; None when it asks for nothing. Whoever opens it closes it.

    `every_s`: the jobs whose success is looked for by /healthz, and how far apart their runs are at most. `receiver`
    gives what the receiver took, `succeeded_ns` when jobs last succeeded before this. ConfigError when an address
    cannot be used.
    """
    check_closed(config.telemetry)
    if not config.telemetry.is_on:
        return None
    return Telemetry(config, every_s=every_s, receiver=receiver, succeeded_ns=succeeded_ns or {})


class Telemetry:
    """An observer of job runs; see logtriage/jobs.py."""

    def __init__(
        self, config: "Config", *, every_s: Mapping[str, float], receiver: "Callable[[], Counts | None]",
        succeeded_ns: Mapping[str, int],
    ) -> None:  # fmt: skip
        self._config = config
        self._succeeded_ns = succeeded_ns
        self._health = Health(every_s, succeeded_ns=succeeded_ns)
        self._receiver = receiver
        self._handlers: list[logging.Handler] = []
        self._ends: list[Callable[[], object]] = []
        self._export: Export | None = None
        self._watch: Watch | None = None
        self._server: HealthServer | None = None
        self._stored_s = time.monotonic()
        try:
            self._meters, self._tracing = self._opened()
            self._stand()
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> Address | None:
        """Where /healthz and /metrics are, with the port that it got."""
        return self._server.address if self._server else None

    def began(self, job: str, at_ns: int) -> None:
        """A run begins."""
        self._health.began(job, at_ns)
        self._tracing.began(job, at_ns)

    def ended(self, run: JobRun) -> None:
        """It ended; once a cycle own failures are stored, in the thread that ran it."""
        self._tracing.ended(run)
        self._health.ended(run)
        self._meters.ran(run)
        if run.job in _LOOKED_AFTER:
            self._stand()
        is_long_ago = time.monotonic() - self._stored_s > _FLUSH_S
        if self._watch and (run.job == "collect" or (is_long_ago and self._watch.has_lines)):
            self._stored_s = time.monotonic()
            self._watch.store()

    def close(self) -> None:
        """Stores and sends what waits, within two seconds where the store has no other writer."""
        for logger, _ in our_loggers():
            for handler in self._handlers:
                logger.removeHandler(handler)
        if self._server:
            self._server.close()
        sending = threading.Thread(target=self._end, name="telemetry-close")
        sending.start()
        if self._watch:
            self._watch.close()
        sending.join()

    def _end(self) -> None:
        """Sends what waits, and ends the providers."""
        if self._export:
            self._export.close(*self._ends)
            return
        for end in self._ends:
            end()

    def _opened(self) -> "tuple[Meters, Tracing]":
        """The instruments and the tracer, with everything that takes what they tell."""
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - only a daemon pays for it
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415 - as above

        from logtriage.telemetry.tracing import Tracing  # noqa: PLC0415 - as above

        resource = Resource.create(_resource())
        traces = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        readers: list[MetricReader] = []
        self._open_export(traces, readers, resource)
        self._open_watch(traces)
        self._open_server(readers)
        provider = MeterProvider(readers, resource, shutdown_on_exit=False)
        self._ends += [traces.shutdown, provider.shutdown]
        meters = self._instruments(provider)
        self._attach(_Counting(meters.logged))
        return meters, Tracing(traces.get_tracer("logtriage", __version__), done=self._part_done)

    def _open_export(self, traces: Any, readers: "list[MetricReader]", resource: "Resource") -> None:
        told = self._config.telemetry
        if told.otlp is None:
            return
        from logtriage.telemetry.export import Export  # noqa: PLC0415 - few have it on

        self._export = Export(told.otlp, read_headers(told), resource)
        traces.add_span_processor(self._export.spans)
        readers.append(self._export.metrics)
        self._attach(self._export.lines)

    def _open_watch(self, traces: Any) -> None:
        if not self._config.telemetry.watch_itself:
            return
        from logtriage.telemetry.watching import OwnLines, OwnSpans, Watch  # noqa: PLC0415 - as above

        lines, spans = OwnLines(_revision()), OwnSpans()
        self._watch = Watch(self._config.store, self._config.redact, lines, spans)
        traces.add_span_processor(spans)
        self._attach(lines)

    def _open_server(self, readers: "list[MetricReader]") -> None:
        address = self._config.telemetry.health
        if address is None:
            return
        from opentelemetry.exporter.prometheus import PrometheusMetricReader  # noqa: PLC0415 - few have it on
        from prometheus_client import CollectorRegistry, ProcessCollector  # noqa: PLC0415 - as above
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415 - as above

        from logtriage.telemetry.web import HealthServer  # noqa: PLC0415 - as above

        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        readers.append(PrometheusMetricReader(scope_info_enabled=False, registry=registry))
        self._server = HealthServer(
            Address.parse(address),
            {
                "/healthz": (_JSON, lambda: _as_json(self._health.healthy())),
                "/livez": (_JSON, lambda: _as_json(self._health.alive())),
                "/metrics": (CONTENT_TYPE_LATEST, lambda: (True, generate_latest(registry))),
            },
        )

    def _instruments(self, provider: Any) -> "Meters":
        from collector.sources.base import process_settings  # noqa: PLC0415 - as above
        from logtriage.telemetry.instruments import Looks, Meters  # noqa: PLC0415 - as above

        looks = Looks(
            store=self._config.store.path,
            revision=_revision(),
            version=__version__,
            quotas=process_settings().quotas.known,
            receiver=self._receiver,
            dropped=self._watch.dropped if self._watch else dict,
        )
        return Meters(provider.get_meter("logtriage", __version__), looks, self._succeeded_ns)

    def _attach(self, handler: logging.Handler) -> None:
        """Lines of our rooms go there too."""
        self._handlers.append(handler)
        for logger, _ in our_loggers():
            logger.addHandler(handler)

    def _part_done(
        self, name: PartName, of: Mapping[str, str], took_s: float, figures: Mapping[str, float], outcome: str
    ) -> None:
        if name == "pull":
            self._meters.pulled(of.get("source", ""), took_s, figures, outcome=outcome)

    def _stand(self) -> None:
        """Looks at how sources and channels stand; what it was before holds where the store cannot be read now."""
        from collector.store import Store  # noqa: PLC0415 - as above
        from logtriage.telemetry.standing import read_standing  # noqa: PLC0415 - as above

        sources = {one.name: tuple(getattr(one, "resources", ())) for one in self._config.sources}
        channels = tuple(one.name for one in self._config.digest.channels)
        try:
            self._meters.stands(read_standing(Store(self._config.store), sources=sources, channels=channels))
        except LogtriageError as error:
            LOG.debug("the store was not looked at: %s", error)


class _Counting(logging.Handler):
    """Counts lines by their severity."""

    def __init__(self, count: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._count = count

    def emit(self, record: logging.LogRecord) -> None:
        """Counts one."""
        self._count(severity_of(record))


def _as_json(told: tuple[bool, dict[str, Any]]) -> tuple[bool, bytes]:
    return told[0], orjson.dumps(told[1])


def _revision() -> str:
    """What a platform calls the revision that runs, else the version."""
    return os.environ.get("K_REVISION") or __version__


def _resource() -> dict[str, str]:
    revision = os.environ.get("K_REVISION")
    named = {"faas.version": revision} if revision else {}
    return {
        "service.name": "logtriage", "service.version": __version__, "service.instance.id": str(uuid.uuid4()), **named,
    }  # fmt: skip
