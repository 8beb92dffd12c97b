"""Spans as services export them: one ExportTraceServiceRequest each, with the parts that a test is about."""

from typing import Any

from collector.window import NS_PER_S
from tests.support.system import START_NS

__all__ = ["exported"]

_KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}


def exported(at_s: float, service: str, trace: str, span: str, **parts: Any) -> dict[str, Any]:
    """A server span of 50 ms that begins `at_s` seconds after START_NS.

    Keys: parent, kind (by name), name, took_s (None: it has no end), status (HTTP), failed (the words of a status
    error), thrown (a stack trace or `Type: text`), route, revision, instance, peer, project, links.
    """
    start = START_NS + round(at_s * NS_PER_S)
    took_s = parts.get("took_s", 0.05)
    end = None if took_s is None else start + round(took_s * NS_PER_S)
    resource = {
        "service.name": service,
        "faas.version": parts.get("revision"),
        "faas.instance": parts.get("instance"),
        "cloud.account.id": parts.get("project"),
    }
    own = {
        "http.request.method": "GET" if "route" in parts else None,
        "http.route": parts.get("route"),
        "http.response.status_code": parts.get("status"),
        "peer.service": parts.get("peer"),
    }
    told: dict[str, Any] = {
        "traceId": trace,
        "spanId": span,
        "parentSpanId": parts.get("parent", ""),
        "name": parts.get("name", "work"),
        "kind": _KINDS[parts.get("kind", "server")],
        "startTimeUnixNano": str(start),
        **({} if end is None else {"endTimeUnixNano": str(end)}),
        "attributes": _attributes(own),
        "status": {"code": 2, "message": parts["failed"]} if "failed" in parts else {},
        "events": [_thrown(parts["thrown"], end or start)] if "thrown" in parts else [],
        "links": [{"traceId": one.split(":")[0], "spanId": one.split(":")[1]} for one in parts.get("links", ())],
    }
    return {"resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": [{"spans": [told]}]}]}


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in values.items()
        if value is not None
    ]


def _thrown(text: str, at_ns: int) -> dict[str, Any]:
    """An exception event. Text of several lines is a stack trace, whose last line names the exception."""
    kind, _, value = text.strip().splitlines()[-1].partition(": ")
    told = {"exception.type": kind, "exception.message": value}
    if "\n" in text:
        told["exception.stacktrace"] = text
    return {"name": "exception", "timeUnixNano": str(at_ns), "attributes": _attributes(told)}
