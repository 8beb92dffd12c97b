"""A Jaeger and a Tempo on loopback: a real HTTP server that answers their query APIs and misbehaves as told."""

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["HttpFault", "MadeSpan", "TraceHttp", "serve_traces"]

Json = dict[str, Any]


@dataclass(frozen=True)
class HttpFault:
    """An answer that is not the right one; `cut_after`: the connection breaks after so many bytes of the right one."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    hang_s: float = 0.0


@dataclass(frozen=True)
class MadeSpan:
    """A span as these servers know it; ids as numbers."""

    trace: int
    span: int
    start_ns: int
    service: str = "shop"
    parent: int = 0
    name: str = "POST /pay"
    kind: str = "server"
    duration_ns: int = 2_000_000
    is_bad: bool = False


@dataclass
class TraceHttp:
    """What the server serves, how it will misbehave (one fault a call, None for none), and what it was asked."""

    spans: list[MadeSpan] = field(default_factory=list)
    faults: list[HttpFault | None] = field(default_factory=list)
    always: HttpFault | None = None
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    has_jaeger_v3: bool = False
    has_tempo_v2: bool = True
    lost: frozenset[int] = frozenset()  # traces that a search finds and nobody can read
    is_partial: bool = False
    url: str = ""

    def asked(self, path: str) -> list[dict[str, str]]:
        """The parameters of each call of a path."""
        return [params for called, params in self.calls if called.startswith(path)]

    def answer(self, path: str, params: dict[str, str]) -> tuple[int, Any]:
        """Status and JSON of one call."""
        kinds: list[tuple[str, Callable[[dict[str, str]], tuple[int, Any]]]] = [
            ("/api/services", lambda _: (200, {"data": sorted({span.service for span in self.spans}) or None})),
            ("/api/v3/services", lambda _: (200, {"services": sorted({span.service for span in self.spans})})),
            ("/api/v3/traces", self._jaeger_v3),
            ("/api/search", self._search),
        ]
        if path.startswith("/api/v3") and not self.has_jaeger_v3:
            return 404, {"message": "no such path"}
        if path == "/api/traces":
            return self._jaeger_v1(params)
        for prefix in ("/api/v2/traces/", "/api/traces/"):
            if path.startswith(prefix):
                return self._one(path.removeprefix(prefix), is_v2="v2" in prefix)
        return next((answer(params) for known, answer in kinds if path == known), (404, {"message": "no such path"}))

    def _found(self, start_ns: int, end_ns: int, service: str | None) -> list[int]:
        return sorted(
            {
                span.trace
                for span in self.spans
                if start_ns <= span.start_ns <= end_ns and service in (None, span.service)
            }
        )

    def _jaeger_v1(self, params: dict[str, str]) -> tuple[int, Any]:
        found = self._found(int(params["start"]) * 1000, int(params["end"]) * 1000, params["service"])
        return 200, {"data": [self._jaeger_trace(trace) for trace in found[: int(params["limit"])]], "errors": None}

    def _jaeger_trace(self, trace: int) -> Json:
        spans = [span for span in self.spans if span.trace == trace]
        return {
            "traceID": f"{trace:x}",
            "spans": [_jaeger_span(span) for span in spans],
            "processes": {
                span.service: {
                    "serviceName": span.service,
                    "tags": [{"key": "service.version", "type": "string", "value": "7"}],
                }
                for span in spans
            },
        }

    def _jaeger_v3(self, params: dict[str, str]) -> tuple[int, Any]:
        times = [_instant_ns(params[f"query.start_time_{end}"]) for end in ("min", "max")]
        found = self._found(times[0], times[1], params["query.service_name"])[: int(params["query.search_depth"])]
        if not found:
            return 404, {"error": {"httpCode": 404, "message": "No traces found"}}
        spans = [span for span in self.spans if span.trace in found]
        return 200, {"result": {"resourceSpans": _resources(spans, lambda number, digits: f"{number:0{digits}x}")}}

    def _search(self, params: dict[str, str]) -> tuple[int, Any]:
        found = self._found(int(params["start"]) * 10**9, int(params["end"]) * 10**9, None)[: int(params["limit"])]
        return 200, {"traces": [{"traceID": f"{trace:x}"} for trace in found], "metrics": {}}

    def _one(self, trace_id: str, *, is_v2: bool) -> tuple[int, Any]:
        trace = int(trace_id, 16)
        spans = [span for span in self.spans if span.trace == trace]
        if (is_v2 and not self.has_tempo_v2) or not spans or trace in self.lost or len(trace_id) != 32:
            return 404, {"message": "trace not found"}
        resources = _resources(spans, lambda number, digits: base64.b64encode(number.to_bytes(digits // 2)).decode())
        if is_v2:
            return 200, {"trace": {"resourceSpans": resources}, "status": "PARTIAL" if self.is_partial else "COMPLETE"}
        return 200, {"batches": resources}


@contextlib.contextmanager
def serve_traces(spans: list[MadeSpan] | None = None, **more: Any) -> Iterator[TraceHttp]:
    """The server, in a thread, until the block ends."""
    served = TraceHttp(list(spans or ()), **more)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            params = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            served.calls.append((parts.path, params))
            served.headers.append(dict(self.headers.items()))
            fault = served.faults.pop(0) if served.faults else served.always
            status, value = served.answer(parts.path, params)
            body = json.dumps(value).encode()
            headers: dict[str, str] = {}
            if fault is not None:
                time.sleep(fault.hang_s)
                if fault.cut_after is None and not fault.hang_s:
                    status, body, headers = fault.status, fault.body.encode(), fault.headers
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                for name, told in headers.items():
                    self.send_header(name, told)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if fault is None or fault.cut_after is None else body[: fault.cut_after])
            self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _jaeger_span(span: MadeSpan) -> Json:
    tags = [
        {"key": "span.kind", "type": "string", "value": span.kind},
        {"key": "http.response.status_code", "type": "int64", "value": 500 if span.is_bad else 200},
        {"key": "internal.span.format", "type": "string", "value": "otlp"},
    ]
    logs = []
    if span.is_bad:
        tags.append({"key": "error", "type": "bool", "value": True})
        tags.append({"key": "otel.status_description", "type": "string", "value": "no funds"})
        words = {"event": "error", "error.kind": "CardRefused", "message": "no funds"}
        logs = [
            {
                "timestamp": span.start_ns // 1000,
                "fields": [{"key": key, "type": "string", "value": value} for key, value in words.items()],
            }
        ]
    parents = [{"refType": "CHILD_OF", "traceID": f"{span.trace:x}", "spanID": f"{span.parent:x}"}]
    return {
        "traceID": f"{span.trace:x}",
        "spanID": f"{span.span:x}",
        "operationName": span.name,
        "references": [
            {"refType": "FOLLOWS_FROM", "traceID": "abc", "spanID": "d"},
            *(parents if span.parent else []),
        ],
        "startTime": span.start_ns // 1000,
        "duration": span.duration_ns // 1000,
        "tags": tags,
        "logs": logs,
        "processID": span.service,
    }


def _resources(spans: list[MadeSpan], as_id: Callable[[int, int], str]) -> list[Json]:
    """OTLP of spans, a resource a service."""
    made: dict[str, list[Json]] = {}
    for span in spans:
        made.setdefault(span.service, []).append(
            {
                "traceId": as_id(span.trace, 32),
                "spanId": as_id(span.span, 16),
                **({"parentSpanId": as_id(span.parent, 16)} if span.parent else {}),
                "name": span.name,
                "kind": f"SPAN_KIND_{span.kind.upper()}",
                "startTimeUnixNano": str(span.start_ns),
                "endTimeUnixNano": str(span.start_ns + span.duration_ns),
                "status": {"code": "STATUS_CODE_ERROR"} if span.is_bad else {},
            }
        )
    return [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
            "scopeSpans": [{"spans": made_spans}],
        }
        for service, made_spans in made.items()
    ]


def _instant_ns(text: str) -> int:
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds * 10**9 + int(fraction.ljust(9, "0")[:9] or 0)
