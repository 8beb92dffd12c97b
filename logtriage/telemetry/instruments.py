"""The metrics: one table of names, and what is counted and looked at under them. Labels hold names of config.yaml.

Names are OpenTelemetry's way; /metrics tells them as Prometheus has them, with the unit and `_total` at the end.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from collector.place import is_there
from logtriage.jobs import JobRun

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

    from collector.receiver.intake import Counts
    from collector.sources.quota import ReadQuota

__all__ = ["METRICS", "Looks", "Meters", "Metric", "Standing"]

# Seconds: from a look at an idle system to a day that is caught up.
_BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
_UNITS = {"s": "_seconds", "By": "_bytes"}
_NS_PER_S = 1e9


class Metric(Struct, frozen=True):
    """One row of the table: `labels` are all of it, `about` is its help."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str  # UCUM: s, By, or {what is counted}
    labels: tuple[str, ...]
    about: str
    is_seen: bool = True  # looked at when it is asked for; else counted as it happens

    @property
    def exposed(self) -> str:
        """Its name at /metrics."""
        total = "_total" if self.kind == "counter" else ""
        return f"{self.name.replace('.', '_')}{_UNITS.get(self.unit, '')}{total}"


METRICS: tuple[Metric, ...] = (
    Metric("logtriage.job.duration", "histogram", "s", ("job", "outcome"), "Run times of each job; its count is runs",
           is_seen=False),
    Metric("logtriage.job.last_success.timestamp", "gauge", "s", ("job",), "When a run of the job last did all of it"),
    Metric("logtriage.source.records", "counter", "{record}", ("source", "outcome"),
           "Records read, by what they became: stored, duplicate or dead; their sum is what was read", is_seen=False),
    Metric("logtriage.source.pull.duration", "histogram", "s", ("source", "outcome"), "How long a pull took",
           is_seen=False),
    Metric("logtriage.source.lag", "gauge", "s", ("source",), "How long ago that ends what is read for good"),
    Metric("logtriage.source.quota.used", "gauge", "{call}", ("owner",), "Calls of the last minute, shared by sources"),
    Metric("logtriage.source.quota.limit", "gauge", "{call}", ("owner",), "Calls that a minute may have"),
    Metric("logtriage.receiver.spans", "counter", "{span}", ("outcome",), "Spans received: stored, duplicate or dead"),
    Metric("logtriage.receiver.refused", "counter", "{request}", ("code",),
           "Requests that the receiver did not take, by the code of its answer"),
    Metric("logtriage.receiver.waiting", "gauge", "By", (), "Requests that wait for their commit"),
    Metric("logtriage.outbox.waiting", "gauge", "{message}", ("channel",), "Messages that are not delivered yet"),
    Metric("logtriage.store.size", "gauge", "By", (), "The database file and its log"),
    Metric("logtriage.store.free", "gauge", "By", (), "Free space where the database is"),
    Metric("logtriage.log.records", "counter", "{record}", ("severity",), "Lines of the own log", is_seen=False),
    Metric("logtriage.telemetry.dropped", "counter", "{record}", ("kind",),
           "Own lines and spans that were not kept in the store: more than a cycle may have, or it cannot be written"),
    Metric("logtriage.up", "gauge", "{process}", ("version", "revision"), "1, with what runs"),
)  # fmt: skip


class Standing(Struct, frozen=True):
    """What only the store tells, as it was when it was last looked at."""

    read_until_ns: Mapping[str, int]  # by source: what arrived before is read for good
    waiting: Mapping[str, int]  # messages by channel


class Looks(Struct):
    """Where a metric that is looked at is looked up. All of it is quick and asks no database."""

    store: Path
    revision: str
    version: str
    quotas: Callable[[], Mapping[str, "ReadQuota"]] = dict
    receiver: "Callable[[], Counts | None]" = lambda: None
    dropped: Callable[[], Mapping[str, int]] = dict
    clock_ns: Callable[[], int] = time.time_ns


class Meters:
    """The instruments of METRICS on a meter of OpenTelemetry. Safe for threads.

    `succeeded_ns`: when jobs last succeeded, before this.
    """

    def __init__(self, meter: "Meter", looks: Looks, succeeded_ns: Mapping[str, int] | None = None) -> None:
        self._looks = looks
        self._lock = threading.Lock()
        self._succeeded_ns = dict(succeeded_ns or {})
        self._standing = Standing({}, {})
        self._counted: dict[str, Any] = {}
        for one in METRICS:
            made = {"unit": one.unit, "description": one.about}
            if one.kind == "histogram":
                self._counted[one.name] = meter.create_histogram(
                    one.name, **made, explicit_bucket_boundaries_advisory=_BOUNDS
                )
            elif not one.is_seen:
                self._counted[one.name] = meter.create_counter(one.name, **made)
            elif one.kind == "counter":
                meter.create_observable_counter(one.name, callbacks=[self._callback(one)], **made)
            else:
                meter.create_observable_gauge(one.name, callbacks=[self._callback(one)], **made)

    def ran(self, run: JobRun) -> None:
        """A run of a job has ended."""
        took_s = max(0, run.ended_at_ns - run.started_at_ns) / _NS_PER_S
        self._counted["logtriage.job.duration"].record(took_s, {"job": run.job, "outcome": run.outcome})
        if run.outcome == "done":
            with self._lock:
                self._succeeded_ns[run.job] = run.ended_at_ns

    def pulled(self, source: str, took_s: float, figures: Mapping[str, float], *, outcome: str) -> None:
        """A source was pulled; figures are those of law 1."""
        self._counted["logtriage.source.pull.duration"].record(took_s, {"source": source, "outcome": outcome})
        for figure, became in (("stored", "stored"), ("duplicates", "duplicate"), ("dead", "dead")):
            self._counted["logtriage.source.records"].add(
                int(figures.get(figure, 0)), {"source": source, "outcome": became}
            )

    def logged(self, severity: str) -> None:
        """A line of the log was written."""
        self._counted["logtriage.log.records"].add(1, {"severity": severity})

    def stands(self, standing: Standing) -> None:
        """The store was looked at."""
        with self._lock:
            self._standing = standing

    def _callback(self, metric: Metric) -> "Callable[[CallbackOptions], Iterable[Observation]]":
        from opentelemetry.metrics import Observation  # noqa: PLC0415 - telemetry is on, else nothing is loaded

        look = getattr(self, f"_{metric.name.removeprefix('logtriage.').replace('.', '_')}")

        def observe(_: "CallbackOptions") -> "Iterable[Observation]":
            for values, number in look():
                yield Observation(number, dict(zip(metric.labels, values, strict=True)))

        return observe

    def _job_last_success_timestamp(self) -> "_Seen":
        with self._lock:
            return [((job,), at_ns / _NS_PER_S) for job, at_ns in self._succeeded_ns.items()]

    def _source_lag(self) -> "_Seen":
        now_ns = self._looks.clock_ns()
        with self._lock:
            read = self._standing.read_until_ns
        return [((source,), max(0.0, (now_ns - until_ns) / _NS_PER_S)) for source, until_ns in read.items()]

    def _source_quota_used(self) -> "_Seen":
        return [((owner,), quota.used()) for owner, quota in self._looks.quotas().items()]

    def _source_quota_limit(self) -> "_Seen":
        return [((owner,), quota.calls_per_min) for owner, quota in self._looks.quotas().items()]

    def _receiver_spans(self) -> "_Seen":
        counts = self._looks.receiver()
        if counts is None:
            return []
        sums = counts.ledger
        return [(("stored",), sums.stored), (("duplicate",), sums.duplicates), (("dead",), sums.dead)]

    def _receiver_refused(self) -> "_Seen":
        counts = self._looks.receiver()
        return [] if counts is None else [((code,), number) for code, number in sorted(counts.refused.items())]

    def _receiver_waiting(self) -> "_Seen":
        counts = self._looks.receiver()
        return [] if counts is None else [((), counts.waiting_bytes)]

    def _outbox_waiting(self) -> "_Seen":
        with self._lock:
            return [((channel,), number) for channel, number in self._standing.waiting.items()]

    def _store_size(self) -> "_Seen":
        path = self._looks.store
        files = (path, path.with_name(f"{path.name}.wal"))
        return [((), sum(_bytes(file) for file in files))] if is_there(path) else []

    def _store_free(self) -> "_Seen":
        try:
            return [((), shutil.disk_usage(self._looks.store.absolute().parent).free)]
        except OSError:
            return []  # the folder is not there yet

    def _telemetry_dropped(self) -> "_Seen":
        return [((kind,), number) for kind, number in sorted(self._looks.dropped().items())]

    def _up(self) -> "_Seen":
        return [((self._looks.version, self._looks.revision), 1)]


_Seen = list[tuple[tuple[str, ...], float]]


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
