"""A SpanExporter for opentelemetry-sdk that writes into the store itself: no receiver, no network.

    provider.add_span_processor(BatchSpanProcessor(LogtriageSpanExporter("staging.duckdb")))

For a test run or one service on the machine where the store is. Spans are redacted and stored once, as received ones.
"""

import base64
import json
import logging
import math
import os
import threading
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from pydantic import ValidationError

from collector.collect import normalise
from collector.config import StoreConfig
from collector.errors import ConfigError, LogtriageError
from collector.normalise.redact import Redactor, load_key
from collector.normalise.redact_config import RedactConfig
from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA, RawBatch
from collector.store import Store

__all__ = ["LogtriageSpanExporter", "request_of"]

LOG = logging.getLogger(__name__)
_SOURCE = "opentelemetry-sdk"  # as the ledger names it
_MEMORY_MIB = 256
_REDACT_VARIABLE = "LOGTRIAGE_REDACT"
_UNREADABLE: dict[str, Any] = {"name": "a span that cannot be read"}  # becomes a dead letter


class LogtriageSpanExporter(SpanExporter):
    """Stores what it is given before `export` returns; never raises into the program, but says FAILURE and logs.

    `db` is the database file, else LOGTRIAGE_DB, else logtriage.duckdb. `redact` is what section `redact` of
    config.yaml holds, which a program does not read; else LOGTRIAGE_REDACT, as JSON. An export waits at most `wait_s`
    for its turn at the file, and holds it for some hundredths of a second: give it to a BatchSpanProcessor.
    ConfigError when LOGTRIAGE_REDACT cannot be used: nothing is stored without the patterns that somebody asked for.
    """

    def __init__(
        self, db: Path | str | None = None, *, wait_s: float = 5.0, redact: RedactConfig | None = None
    ) -> None:
        self._redact = _own_forms() if redact is None else redact
        path = Path(db or os.environ.get("LOGTRIAGE_DB") or StoreConfig().path)
        self._config = StoreConfig(path=path, write_wait_s=wait_s, threads=1, memory_limit_mib=_MEMORY_MIB)
        self._begin()
        self._is_orphan = False
        again = weakref.WeakMethod(self._begin_in_child)
        os.register_at_fork(after_in_child=lambda: (begin := again()) and begin())

    def _begin(self) -> None:
        """No run yet."""
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._redactor: Redactor | None = None
        self._run_id: int | None = None
        self._is_shut_down = False
        self._trouble = ""

    def _begin_in_child(self) -> None:
        """A forked child has a run of its own; polars has no threads in it any more where the parent has used them."""
        self._is_orphan = self._store is not None
        self._begin()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """SUCCESS when they are stored, or are known already."""
        if self._is_shut_down or self._is_orphan:
            why = "the process was forked after an export; make the exporter in the child"
            self._tell("the exporter is shut down" if self._is_shut_down else why)
            return SpanExportResult.FAILURE
        try:
            with self._lock:
                self._append(spans)
        except LogtriageError as error:
            self._tell(str(error))
        except Exception as error:  # noqa: BLE001 - the edge to somebody else's program, which goes on whatever happens
            self._tell(f"internal {type(error).__name__}")
        else:
            self._trouble = ""
            return SpanExportResult.SUCCESS
        return SpanExportResult.FAILURE

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the signature is the SDK's
        """Nothing waits: what was exported is stored."""
        return True

    def shutdown(self) -> None:
        """Ends the run in the ledger; exports after it fail."""
        if self._is_shut_down:
            return
        self._is_shut_down = True
        try:
            with self._lock:
                if self._store is not None and self._run_id is not None:
                    self._store.end_run(self._run_id, outcome="complete")
        except LogtriageError as error:
            self._tell(str(error))
        except Exception as error:  # noqa: BLE001 - as in export
            self._tell(f"internal {type(error).__name__}")

    def _append(self, spans: Sequence[ReadableSpan]) -> None:
        store, redactor = self._opened()
        if self._run_id is None:
            self._run_id = store.begin_run("receive", _SOURCE)
        raw = RawBatch(
            source=_SOURCE,
            location=_SOURCE,
            kind="spans",
            records=pl.DataFrame({"line": [1], "raw": [request_of(spans)]}, schema=RAW_SCHEMA),
            dead=pl.DataFrame(schema=DEAD_LETTER_SCHEMA),
            received_at_ns=time.time_ns(),
        )
        store.append([normalise(raw, redactor=redactor)], run_id=self._run_id)

    def _opened(self) -> tuple[Store, Redactor]:
        if self._store is None or self._redactor is None:
            self._store = Store(self._config)
            self._store.check_place()
            key = load_key(self._store.path.with_name(f"{self._store.path.name}.key"))
            self._redactor = Redactor(key, self._redact)
        return self._store, self._redactor

    def _tell(self, trouble: str) -> None:
        """A line for each new trouble, and not for each batch."""
        if trouble != self._trouble:
            LOG.warning("spans are not stored: %s", trouble)
        self._trouble = trouble


def _own_forms() -> RedactConfig:
    """What LOGTRIAGE_REDACT says, as for the command."""
    text = os.environ.get(_REDACT_VARIABLE, "").strip()
    try:
        return RedactConfig.model_validate_json(text) if text else RedactConfig()
    except ValidationError as error:  # its text may quote what somebody holds for a secret
        raise ConfigError(
            f"environment {_REDACT_VARIABLE} is not what section redact of config.yaml may hold. Write "
            '{"patterns": [{"name": "badge", "pattern": "BADGE-[0-9]{6}"}], "keep": []} with your own patterns.'
        ) from error


def request_of(spans: Sequence[ReadableSpan]) -> str:
    """An ExportTraceServiceRequest of these spans in OTLP's JSON, a resource with its spans together."""
    resources: dict[int, dict[str, Any]] = {}
    for span in spans:
        try:
            key, attributes, told = id(span.resource), _attributes(span.resource.attributes), _span(span)
        except (AttributeError, TypeError, ValueError, KeyError):
            key, attributes, told = 0, [], _UNREADABLE
        found = resources.setdefault(key, {"resource": {"attributes": attributes}, "scopeSpans": [{"spans": []}]})
        found["scopeSpans"][0]["spans"].append(told)
    request = {"resourceSpans": list(resources.values())}
    try:
        return orjson.dumps(request).decode()
    except orjson.JSONEncodeError:  # halves of surrogate pairs; the normaliser mends them
        return json.dumps(request)


def _span(span: ReadableSpan) -> dict[str, Any]:
    """One span; AttributeError when it has no context."""
    context: Any = span.get_span_context()
    return {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "parentSpanId": f"{span.parent.span_id:016x}" if span.parent else "",
        "name": str(span.name),
        "kind": _number(span.kind) + 1,  # OTLP keeps 0 for what is not said
        "startTimeUnixNano": span.start_time,
        "endTimeUnixNano": span.end_time,
        "attributes": _attributes(span.attributes),
        "status": {"code": span.status.status_code.value, "message": span.status.description or ""},
        "events": [
            {"name": event.name, "timeUnixNano": event.timestamp, "attributes": _attributes(event.attributes)}
            for event in span.events
        ],
        "links": [
            {"traceId": f"{link.context.trace_id:032x}", "spanId": f"{link.context.span_id:016x}"}
            for link in span.links
        ],
    }


def _number(kind: Any) -> int:
    """The number of a kind, also where a program gives the number itself."""
    return int(getattr(kind, "value", kind))


def _attributes(attributes: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [{"key": str(key), "value": _value(value)} for key, value in (attributes or {}).items()]


def _value(value: Any) -> dict[str, Any]:
    """A plain value as OTLP's AnyValue; what the SDK does not know as its text."""
    found: dict[str, Any] = {"stringValue": value if isinstance(value, str) else str(value)}
    if isinstance(value, bool):
        found = {"boolValue": value}
    elif isinstance(value, int):
        found = {"intValue": str(value)}
    elif isinstance(value, float):
        found = {"doubleValue": value if math.isfinite(value) else str(value)}
    elif isinstance(value, bytes):
        found = {"bytesValue": base64.b64encode(value).decode()}
    elif isinstance(value, Mapping):
        found = {"kvlistValue": {"values": _attributes(value)}}
    elif isinstance(value, Iterable) and not isinstance(value, str):
        found = {"arrayValue": {"values": [_value(item) for item in value]}}
    return found
