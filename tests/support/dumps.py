"""Dumps of log entries in every shape, and what reading them gives."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from collector.records import RawBatch

__all__ = [
    "SERVICE",
    "SHAPES",
    "Json",
    "dead",
    "entry",
    "ids",
    "lines",
    "pretty",
    "record_lines",
    "trace_request",
    "written",
]

Json = dict[str, Any]


def entry(number: int, **more: Any) -> Json:
    """A LogEntry as JSON writes it."""
    return {
        "insertId": f"id-{number}",
        "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "s", "revision_name": "s-00001-abc"}},
        "textPayload": f'line {number}: "quoted" \\ {{ [ }} é',
        "timestamp": "2026-01-01T00:00:00Z",
        **more,
    }


def trace_request(number: int) -> Json:
    """An OTLP request with one span."""
    return {"resourceSpans": [{"scopeSpans": [{"spans": [{"name": f"span {number}"}]}]}]}


SERVICE = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "s"}}


def written(folder: Path, content: str | bytes, name: str = "dump") -> Path:
    """A file with that content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(*records: Json) -> str:
    """The records, one a line."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def ids(batches: list[RawBatch]) -> list[str]:
    """The insertId of each record, in order."""
    return [
        orjson.loads(raw).get("insertId")
        for batch in batches
        for raw in batch.records["raw"]
        if batch.kind == "entries"
    ]


def record_lines(batches: list[RawBatch]) -> list[int]:
    """The line of each record."""
    return [line for batch in batches for line in batch.records["line"]]


def dead(batches: list[RawBatch]) -> list[tuple[int, str]]:
    """Line and reason of each dead letter."""
    return [(line, reason) for batch in batches for line, reason in batch.dead.select("line", "reason").iter_rows()]


def pretty(*records: Json) -> str:
    """The records, each over many lines."""
    return "\n\n".join(json.dumps(record, indent=2, ensure_ascii=False) for record in records)


SHAPES: dict[str, Callable[[list[Json]], str]] = {
    "lines": lambda records: lines(*records),
    "lines with CR LF": lambda records: lines(*records).replace("\n", "\r\n"),
    "lines with blanks between": lambda records: "\n \n" + lines(*records).replace("\n", "\n\n"),
    "lines without the last line end": lambda records: lines(*records).rstrip("\n"),
    "array on one line": json.dumps,
    "array, pretty": lambda records: json.dumps(records, indent=2),
    "array, one record a line": lambda records: "[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n",
    "objects, pretty": lambda records: pretty(*records),
    "objects, pretty, CR LF": lambda records: pretty(*records).replace("\n", "\r\n"),
    "objects without anything between": lambda records: "".join(map(json.dumps, records)),
    "client dump": lambda records: json.dumps({"fetched": "x", "tags": [1], "total": 3, "raw_logs": records}, indent=1),
    "client dump on one line": lambda records: json.dumps({"notes": [{"a": 1}], "logs": records, "end": True}),
    "client dump by severity": lambda records: json.dumps({"by": {"ERROR": records[:1], "INFO": records[1:]}}),
    "REST answer": lambda records: json.dumps({"entries": records, "nextPageToken": "t"}),
}
