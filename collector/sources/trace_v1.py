"""Traces of Cloud Trace's v1 API as OTLP trace requests.

Version 1 knows numbers for span ids, two kinds and one map of texts for all that OpenTelemetry tells apart: what ran
the span, what it did, how it ended. Labels that Google and its exporters write get their names in OpenTelemetry back;
all others stay attributes under their own name. Events and links do not come with version 1.
"""

from collections.abc import Mapping
from typing import Any

import orjson

__all__ = ["otlp_request"]

Json = dict[str, Any]

_KINDS = {1: 2, 2: 3}  # RPC_SERVER and RPC_CLIENT as SERVER and CLIENT
_KIND_NAMES = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_ERROR = 2

# cloud.google.com/trace/docs/trace-labels, and what the OpenTelemetry exporters make of their attributes
_ATTRIBUTES = {
    "/http/method": "http.request.method",
    "/http/status_code": "http.response.status_code",
    "/http/url": "url.full",
    "/http/route": "http.route",
    "/http/path": "url.path",
    "/http/host": "server.address",
    "/http/user_agent": "user_agent.original",
    "/http/client_protocol": "network.protocol.name",
    "/http/request/size": "http.request.body.size",
    "/http/response/size": "http.response.body.size",
    "/component": "component",
    "/error/name": "error.type",
    "/pid": "process.pid",
    "/tid": "thread.id",
    "g.co/agent": "telemetry.sdk.name",
    "/agent": "telemetry.sdk.name",
}
_RUN = "g.co/r/cloud_run_revision/"
_JOB = "g.co/r/cloud_run_job/"
_RESOURCE = {
    f"{_RUN}service_name": "service.name",
    f"{_RUN}revision_name": "faas.version",
    f"{_RUN}location": "cloud.region",
    f"{_RUN}project_id": "cloud.account.id",
    f"{_JOB}job_name": "service.name",
    f"{_JOB}location": "cloud.region",
    "g.co/gae/app/module": "service.name",
    "g.co/gae/app/version": "service.version",
}
# Attributes of a resource in OpenTelemetry; the exporters write them as labels of each span.
_RESOURCE_PREFIXES = ("service.", "deployment.environment", "cloud.", "faas.name", "faas.version", "faas.instance")
_KIND_LABELS = ("g.co/span_kind", "span.kind", "otel.span.kind")
_STATUS_LABELS = ("g.co/status/code", "otel.status_code", "status.code")
_MESSAGE_LABELS = ("/error/message", "g.co/status/message", "otel.status_description", "status.message")
_BAD = frozenset({"ERROR", "STATUS_CODE_ERROR"})
_FINE_CODES = frozenset({"", "0", "OK", "UNSET", "STATUS_CODE_OK", "STATUS_CODE_UNSET"})


def otlp_request(trace: Any) -> str:
    """A google.devtools.cloudtrace.v1.Trace (raw protobuf) as the JSON text of one ExportTraceServiceRequest."""
    groups: dict[tuple[tuple[str, str], ...], list[Json]] = {}
    for span in trace.spans:
        labels = dict(span.labels)
        emitter = _resource(labels, trace.project_id)
        groups.setdefault(emitter, []).append(_span(trace.trace_id, span, labels))
    resources = [
        {"resource": {"attributes": [_text(*pair) for pair in emitter]}, "scopeSpans": [{"spans": spans}]}
        for emitter, spans in groups.items()
    ]
    return orjson.dumps({"resourceSpans": resources}).decode()


def _resource(labels: dict[str, str], project: str) -> tuple[tuple[str, str], ...]:
    """What ran the span, taken out of its labels; a name that OpenTelemetry gave wins over one of the platform."""
    told = {name: labels.pop(name) for name in list(labels) if name.startswith(_RESOURCE_PREFIXES)}
    for label, name in _RESOURCE.items():
        value = labels.pop(label, "")
        if value:
            told.setdefault(name, value)
    told.setdefault("cloud.account.id", project)
    return tuple(sorted(told.items()))


def _span(trace_id: str, span: Any, labels: dict[str, str]) -> Json:
    kind = next((_KIND_NAMES.get(labels[name].lower(), 0) for name in _KIND_LABELS if name in labels), 0)
    out: Json = {
        "traceId": trace_id,
        "spanId": f"{span.span_id:016x}",
        "name": span.name,
        "kind": _KINDS.get(span.kind, kind),
        "startTimeUnixNano": _instant(span, "start_time"),
    }
    if span.parent_span_id:
        out["parentSpanId"] = f"{span.parent_span_id:016x}"
    if span.HasField("end_time"):
        out["endTimeUnixNano"] = _instant(span, "end_time")
    status, events = _status(labels), _thrown(labels)
    if status:
        out["status"] = status
    if events:
        out["events"] = [{"name": "exception", "timeUnixNano": out.get("endTimeUnixNano", "0"), "attributes": events}]
    out["attributes"] = [_text(_ATTRIBUTES.get(name, name), labels[name]) for name in sorted(labels)]
    return out


def _status(labels: Mapping[str, str]) -> Json:
    """ERROR where the labels say an error or a status code that is none of the fine ones; {} where they say nothing."""
    message = next((labels[name] for name in _MESSAGE_LABELS if labels.get(name)), "")
    code = next((labels[name].upper() for name in _STATUS_LABELS if name in labels), "")
    is_bad = code in _BAD or (code.isdecimal() and code not in _FINE_CODES)
    if is_bad or message or labels.get("/error/name"):
        return {"code": _ERROR, "message": message}
    return {}


def _thrown(labels: Mapping[str, str]) -> list[Json]:
    """Attributes of the exception that the labels tell; a stack trace alone only says where the span was begun."""
    name, message = labels.get("/error/name", ""), labels.get("/error/message", "")
    if not name and not message:
        return []
    pairs = {
        "exception.type": name,
        "exception.message": message,
        "exception.stacktrace": _stack(labels.get("/stacktrace", ""), name, message),
    }
    return [_text(key, value) for key, value in pairs.items() if value]


def _stack(text: str, name: str, message: str) -> str:
    """Google's JSON of stack frames as a program prints them; a text that is none as it is."""
    try:
        frames = orjson.loads(text)["stack_frame"]
        lines = [
            f"    at {'.'.join(part for part in (frame.get('class_name'), frame.get('method_name')) if part)}"
            f"({frame.get('file_name', '')}:{frame.get('line_number', 0)})"
            for frame in frames
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return text
    return "\n".join([": ".join(part for part in (name, message) if part), *lines])


def _text(key: str, value: str) -> Json:
    return {"key": key, "value": {"stringValue": value}}


def _instant(span: Any, field: str) -> str:
    stamp = getattr(span, field)
    return str(stamp.seconds * 1_000_000_000 + stamp.nanos)
