"""Spans of the requests in a file of LogEntry lines, as OTLP JSON lines: stores of both for benchmarks/report.py.

    python benchmarks/spans_of_entries.py ENTRIES.jsonl OUT.jsonl [--spans 500000]

Each request line with a trace gets the span of its server, a call inside and the query of a database, with the names,
the revision, the times and the instance that the line tells. Where more are there than asked for, the last ones of the
file are kept: a report looks at its end.
"""

import argparse
import re
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

__all__ = ["write_spans"]

_PER_REQUEST = 3
_PER_MESSAGE = 200  # requests a line
_VARIABLE = re.compile(r"/[^/]*[0-9][^/]*[0-9][^/]*")
_NS_PER_S = 1_000_000_000
Json = dict[str, Any]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Spans of the requests in a file of LogEntry lines.")
    parser.add_argument("entries", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--spans", type=int, default=500_000)
    options = parser.parse_args()
    print(orjson.dumps({"spans": write_spans(options.entries, options.out, options.spans)}).decode())


def write_spans(entries: Path, out: Path, spans: int) -> int:
    """The file; gives how many spans it has."""
    asked: deque[bytes] = deque(maxlen=spans // _PER_REQUEST)
    with entries.open("rb") as lines:
        asked.extend(line for line in lines if b'"httpRequest"' in line and b'"trace"' in line)
    waiting = [orjson.loads(line) for line in asked]
    with out.open("wb") as opened:
        for at in range(0, len(waiting), _PER_MESSAGE):
            resources = [_resource_spans(entry) for entry in waiting[at : at + _PER_MESSAGE]]
            opened.write(orjson.dumps({"resourceSpans": resources}) + b"\n")
    return len(waiting) * _PER_REQUEST


def _resource_spans(entry: Json) -> Json:
    labels, request = entry["resource"]["labels"], entry["httpRequest"]
    resource = {
        "service.name": labels.get("service_name", ""),
        "faas.version": labels.get("revision_name", ""),
        "faas.instance": entry.get("labels", {}).get("instanceId", ""),
        "gcp.project_id": labels.get("project_id", ""),
    }
    trace, root = entry["trace"].rpartition("/")[2], entry.get("spanId") or entry["insertId"][:16].ljust(16, "0")
    start_ns = round(datetime.fromisoformat(entry["timestamp"]).timestamp() * 1e6) * 1000
    took_ns = int(float(request.get("latency", "0.01s").rstrip("s")) * _NS_PER_S) or 1
    path = re.sub(r"^https?://[^/]+", "", request.get("requestUrl", "/")).partition("?")[0]
    method, status = request.get("requestMethod", "GET"), int(request.get("status", 200))
    route = _VARIABLE.sub("/{id}", path)
    server = {
        "http.request.method": method, "http.route": route, "url.path": path, "http.response.status_code": status,
        "user_agent.original": request.get("userAgent", ""),
    }  # fmt: skip
    database = {"db.system.name": "postgresql", "db.operation.name": "SELECT", "db.query.summary": "SELECT orders"}
    ids = [root, *(f"{int(root, 16) ^ at:016x}" for at in (1, 2))]
    failed = {"code": 2} if status >= 500 else {}
    spans = [
        _span((trace, ids[0], ""), (f"{method} {route}", 2), (start_ns, took_ns), server, failed),
        _span((trace, ids[1], ids[0]), ("handle", 1), (start_ns + took_ns // 10, took_ns // 2), {}, {}),
        _span((trace, ids[2], ids[1]), ("SELECT orders", 3), (start_ns + took_ns // 5, took_ns // 4), database, {}),
    ]
    return {
        "resource": {"attributes": _listed(resource)},
        "scopeSpans": [{"scope": {"name": "opentelemetry.instrumentation.asgi"}, "spans": spans}],
    }


def _span(
    ids: tuple[str, str, str], named: tuple[str, int], times: tuple[int, int], said: Json, status: Json
) -> Json:  # fmt: skip
    """ids: its trace, its own, its parent's; named: name and kind; times: start and duration."""
    return {
        "traceId": ids[0], "spanId": ids[1], "parentSpanId": ids[2], "name": named[0], "kind": named[1],
        "startTimeUnixNano": str(times[0]), "endTimeUnixNano": str(sum(times)), "attributes": _listed(said),
        "status": status,
    }  # fmt: skip


def _listed(said: Json) -> list[Json]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in said.items()
        if value != ""
    ]


if __name__ == "__main__":
    main()
