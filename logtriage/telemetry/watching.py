"""Watching itself: own warnings, errors and spans of job runs become entries and spans of the store, as any service's.

They take the normal line, so that they are redacted and the sums of law 1 hold over them, under a source and a service
of their own name. They are kept in bounded queues and stored once a cycle. What goes wrong here is told once, on stderr
alone: nothing of it is stored, so that no failure feeds itself.
"""

import itertools
import logging
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson
import polars as pl
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import StatusCode

from classifiers.signing import sign_new
from collector.collect import normalise
from collector.config import StoreConfig
from collector.normalise.redact import Redactor, load_key
from collector.normalise.redact_config import RedactConfig
from collector.receiver.exporter import request_of
from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA, RawBatch
from collector.store import Store
from logtriage.errors import LogtriageError
from logtriage.telemetry.log_lines import message_of, running_ids, severity_of, stamp_of

__all__ = ["SERVICE", "SOURCE", "OwnLines", "OwnSpans", "Watch"]

LOG = logging.getLogger(__name__)
SERVICE = SOURCE = "logtriage"
_RESOURCE = "logtriage"  # resource.type of own entries, which no platform has
_MOST_LINES, _MOST_SPANS = 500, 500  # of one cycle
_OFTEN = frozenset({"watch"})
_WAIT_S = 5.0  # for the file; the next cycle tries again
_TOO_MANY = "more than is kept of one cycle"


class OwnLines(logging.Handler):
    """Keeps the last warnings and errors as raw LogEntry texts; those of this module and of exports are left out."""

    def __init__(self, revision: str) -> None:
        super().__init__(logging.WARNING)
        self._revision = revision
        self._instance = uuid.uuid4().hex
        self._serial = itertools.count(1)
        self._lines: deque[str] = deque()
        self.dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps one, unless there are too many; never fails into whoever logs."""
        if record.name.startswith("logtriage.telemetry."):
            return
        try:
            line = self._entry(record)
        except Exception:  # noqa: BLE001 - as every handler of logging: nobody who logs may fail by it
            self.dropped += 1
            return
        if len(self._lines) >= _MOST_LINES:
            self.dropped += 1
        else:
            self._lines.append(line)

    @property
    def has_any(self) -> bool:
        """Whether one is kept."""
        return bool(self._lines)

    def taken(self) -> list[str]:
        """What is kept, and no more."""
        return [self._lines.popleft() for _ in range(len(self._lines))]

    def back(self, lines: list[str]) -> None:
        """What could not be stored waits for the next cycle, as far as there is room."""
        room = max(0, _MOST_LINES - len(self._lines))
        self._lines.extendleft(reversed(lines[:room]))
        self.dropped += len(lines) - len(lines[:room])

    def _entry(self, record: logging.LogRecord) -> str:
        trace, span = running_ids()
        entry: dict[str, Any] = {
            "insertId": f"{self._instance}-{next(self._serial)}",
            "timestamp": stamp_of(record),
            "severity": severity_of(record),
            "logName": "/logs/stderr",
            "resource": {
                "type": _RESOURCE, "labels": {"service_name": SERVICE, "revision_name": self._revision},
            },
            "labels": {"instanceId": self._instance},
            "jsonPayload": {"message": message_of(record), "logger": record.name},
        }  # fmt: skip
        if trace:
            entry |= {"trace": trace, "spanId": span}
        return orjson.dumps(entry).decode()


class OwnSpans(SpanProcessor):
    """Keeps the last spans that have ended."""

    def __init__(self) -> None:
        self._spans: deque[ReadableSpan] = deque()
        self.dropped = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing: a span is kept once it has ended."""

    def on_end(self, span: ReadableSpan) -> None:
        """Keeps one, unless there are too many; a look at what blinds us is one a minute, and kept where it failed."""
        if span.name in _OFTEN and span.status.status_code is not StatusCode.ERROR:
            return
        if len(self._spans) >= _MOST_SPANS:
            self.dropped += 1
        else:
            self._spans.append(span)

    def taken(self) -> list[ReadableSpan]:
        """What is kept, and no more."""
        return [self._spans.popleft() for _ in range(len(self._spans))]

    def back(self, spans: list[ReadableSpan]) -> None:
        """As of lines."""
        room = max(0, _MOST_SPANS - len(self._spans))
        self._spans.extendleft(reversed(spans[:room]))
        self.dropped += len(spans) - len(spans[:room])

    def shutdown(self) -> None:
        """Nothing is to be ended."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the signature is the SDK's
        """What is kept waits for `Watch.store`."""
        return True


class Watch:
    """Stores what the two kept, when it is told to. One run of the ledger for the life of the process."""

    def __init__(self, config: StoreConfig, redact: RedactConfig, lines: OwnLines, spans: OwnSpans) -> None:
        self._config = config.model_copy(update={"write_wait_s": min(config.write_wait_s, _WAIT_S)})
        self._redact = redact
        self._lines, self._spans = lines, spans
        self._store = Store(self._config)
        self._redactor: Redactor | None = None
        self._run_id: int | None = None
        self._lock = threading.Lock()
        self._trouble = ""
        self._told_dropped = 0

    @property
    def has_lines(self) -> bool:
        """Whether a failure waits."""
        return self._lines.has_any

    def store(self) -> None:
        """One short transaction, and the signatures of it; does nothing where nothing was kept. Never raises."""
        with self._lock:
            lines, spans = self._lines.taken(), self._spans.taken()
            if not lines and not spans:
                return
            try:
                self._append(lines, spans)
            except LogtriageError as error:
                self._lines.back(lines)
                self._spans.back(spans)
                self._tell(str(error))
            except Exception as error:  # noqa: BLE001 - a job's edge: watching stops no work
                self._tell(f"internal {type(error).__name__}")
            else:
                self._tell("")

    def close(self) -> None:
        """Stores what is left and ends the run."""
        self.store()
        with self._lock:
            if self._run_id is None:
                return
            try:
                self._store.end_run(self._run_id, outcome="complete")
            except LogtriageError as error:
                self._tell(str(error))
            self._run_id = None

    def dropped(self) -> Mapping[str, int]:
        """What was not kept so far."""
        return {"line": self._lines.dropped, "span": self._spans.dropped}

    def _append(self, lines: list[str], spans: list[ReadableSpan]) -> None:
        if self._redactor is None:
            self._store.check_place()
            key = load_key(self._store.path.with_name(f"{self._store.path.name}.key"))
            self._redactor = Redactor(key, self._redact)
        if self._run_id is None:
            self._run_id = self._store.begin_run("receive", SOURCE)
        lost = sum(self.dropped().values())
        raws = [self._raw("entries", lines, lost - self._told_dropped)]
        if spans:
            raws.append(self._raw("spans", [request_of(spans)], 0))
        self._store.append([normalise(raw, redactor=self._redactor) for raw in raws], run_id=self._run_id)
        self._told_dropped = lost
        sign_new(self._store)

    def _raw(self, kind: Any, texts: list[str], lost: int) -> RawBatch:
        """Raw records; what was not kept is a dead letter each, so that the sums tell it."""
        return RawBatch(
            source=SOURCE,
            location=f"own {kind}",
            kind=kind,
            records=pl.DataFrame({"line": range(1, len(texts) + 1), "raw": texts}, schema=RAW_SCHEMA),
            dead=pl.DataFrame(
                {"location": f"own {kind}", "line": None, "reason": _TOO_MANY, "excerpt": None},
                schema=DEAD_LETTER_SCHEMA,
            )[[0] * lost],
        )

    def _tell(self, trouble: str) -> None:
        """A line for each new trouble, and not for each cycle."""
        if trouble and trouble != self._trouble:
            LOG.warning("own failures are not stored: %s", trouble)
        self._trouble = trouble
