"""Traces of Jaeger's first query API (the one of its pages) as OTLP trace requests.

Tags that Jaeger makes of OpenTelemetry's own fields become these fields again: kind, status, links, events. Logs of
OpenTracing that tell an error become exception events.
"""

from collections.abc import Iterable
from typing import Any

import orjson

__all__ = ["otlp_request"]

Json = dict[str, Any]

_KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_STATUS = {"OK": 1, "ERROR": 2}
_TYPED = {"bool": "boolValue", "int64": "intValue", "float64": "doubleValue", "binary": "bytesValue"}
_OWN_TAGS = frozenset({"span.kind", "otel.status_code", "otel.status_description", "error", "internal.span.format"})
_THROWN = {
    "error.kind": "exception.type",
    "error.object": "exception.message",
    "message": "exception.message",
    "stack": "exception.stacktrace",
}


def otlp_request(trace: Json) -> tuple[str, int]:
    """One element of `data` as the JSON text of an ExportTraceServiceRequest, and how many spans it has.

    Raises ValueError, KeyError, TypeError or AttributeError where it is no trace of Jaeger's.
    """
    groups: dict[str, list[Json]] = {}
    for span in trace["spans"]:
        groups.setdefault(str(span.get("processID") or ""), []).append(_span(span))
    processes = trace.get("processes") or {}
    resources = [
        {"resource": {"attributes": _resource(processes.get(name) or {})}, "scopeSpans": [{"spans": spans}]}
        for name, spans in groups.items()
    ]
    return orjson.dumps({"resourceSpans": resources}).decode(), len(trace["spans"])


def _resource(process: Json) -> list[Json]:
    named = {"key": "service.name", "value": {"stringValue": str(process.get("serviceName") or "")}}
    return [*_attributes(process.get("tags") or ()), named]


def _span(span: Json) -> Json:
    tags = {tag["key"]: tag for tag in span.get("tags") or ()}
    start_us, parent, links = int(span["startTime"]), "", []
    for kind in ("CHILD_OF", "FOLLOWS_FROM"):
        for reference in span.get("references") or ():
            if reference.get("refType") != kind:
                continue
            if not parent and _trace_id(reference["traceID"]) == _trace_id(span["traceID"]):
                parent = _span_id(reference["spanID"])
            else:
                links.append({"traceId": _trace_id(reference["traceID"]), "spanId": _span_id(reference["spanID"])})
    return {
        "traceId": _trace_id(span["traceID"]),
        "spanId": _span_id(span["spanID"]),
        "parentSpanId": parent,
        "name": span.get("operationName") or "",
        "kind": _KINDS.get(str(tags.get("span.kind", {}).get("value", "")).lower(), 0),
        "startTimeUnixNano": str(start_us * 1000),
        "endTimeUnixNano": str((start_us + int(span.get("duration") or 0)) * 1000),
        "status": _status(tags),
        "attributes": _attributes(tag for name, tag in tags.items() if name not in _OWN_TAGS),
        "events": [_event(log) for log in span.get("logs") or ()],
        "links": links,
    }


def _status(tags: dict[str, Json]) -> Json:
    code = _STATUS.get(str(tags.get("otel.status_code", {}).get("value", "")).upper(), 0)
    if not code and str(tags.get("error", {}).get("value", "")).lower() == "true":
        code = _STATUS["ERROR"]
    return {"code": code, "message": str(tags.get("otel.status_description", {}).get("value") or "")}


def _event(log: Json) -> Json:
    fields = {field["key"]: field for field in log.get("fields") or ()}
    name = str(fields.pop("event", {}).get("value") or fields.pop("name", {}).get("value") or "log")
    if name == "error":  # of OpenTracing
        name = "exception"
        for old, new in _THROWN.items():
            if old in fields and new not in fields:
                fields[new] = {**fields.pop(old), "key": new}
    at_ns = str(int(log.get("timestamp") or 0) * 1000)
    return {"name": name, "timeUnixNano": at_ns, "attributes": _attributes(fields.values())}


def _attributes(tags: Iterable[Json]) -> list[Json]:
    return [{"key": tag["key"], "value": _value(tag)} for tag in tags]


def _value(tag: Json) -> Json:
    typed = _TYPED.get(str(tag.get("type", "")).lower())
    value = tag.get("value")
    if typed == "boolValue" and not isinstance(value, bool):
        value = str(value).lower() == "true"
    if typed is None:
        return {"stringValue": value if isinstance(value, str) else str(value)}
    return {typed: str(value) if typed == "intValue" else value}


def _trace_id(given: str) -> str:
    """Jaeger leaves leading zeros away."""
    return given.lower().zfill(32)


def _span_id(given: str) -> str:
    return given.lower().zfill(16)
