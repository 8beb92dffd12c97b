"""A generated system as a replay needs it: protobuf entries by arrival, bodies of spans by their end, and the truth."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from google.cloud.audit import audit_log_pb2
from google.cloud.logging_v2.types import LogEntry
from google.protobuf.json_format import ParseDict

from collector.window import format_ns, parse_instant_ns, to_ns
from logtriage.demo.generate import generate

__all__ = ["Arrival", "Body", "Replayed", "replayed"]

_HOUR_NS = 3_600_000_000_000
_KNOWN = audit_log_pb2.AuditLog  # so that entries with one can be parsed


@dataclass(frozen=True, slots=True)
class Arrival:
    """One entry, serialised."""

    received_ns: int
    key: tuple[int, str]  # event time, insertId
    content: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """OTLP JSON of one request, with when its last span ended and how many spans no body before it had."""

    ended_ns: int
    content: bytes
    fresh: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """The last hours of a system, in order of arrival. `is_whole`: that is all of it, as the truth has it."""

    project: str
    start_ns: int
    since: str
    until: str
    entries: tuple[Arrival, ...]
    bodies: tuple[Body, ...]
    is_whole: bool
    spans: int
    truth: dict[str, Any]


def replayed(scenario: str, *, seed: int, scale: float, hours: float) -> Replayed:
    """The last so many hours of a scenario, or all of it where it is shorter."""
    made = generate(scenario, seed=seed, scale=scale)
    begun_ns, end_ns = (to_ns(datetime.fromisoformat(made.truth["window"][name])) for name in ("start", "end"))
    start_ns = max(begun_ns, end_ns - int(hours * _HOUR_NS))
    entries = tuple(sorted(_arrivals(made.entries, start_ns), key=lambda one: one.received_ns))
    bodies = tuple(_bodies(made.spans, start_ns))
    return Replayed(
        made.truth["project"], start_ns, format_ns(start_ns, digits=9), format_ns(end_ns, digits=9), entries, bodies,
        start_ns == begun_ns, sum(body.fresh for body in bodies), made.truth,
    )  # fmt: skip


def _arrivals(lines: tuple[bytes, ...], start_ns: int) -> Iterator[Arrival]:
    for line in lines:
        content = orjson.loads(line)
        received_ns = _ns(content.get("receiveTimestamp") or content["timestamp"])
        if received_ns < start_ns:
            continue
        content.setdefault("receiveTimestamp", content["timestamp"])
        parsed = ParseDict(content, LogEntry.pb()(), ignore_unknown_fields=True)
        yield Arrival(received_ns, (_ns(content["timestamp"]), content["insertId"]), parsed.SerializeToString())


def _bodies(lines: tuple[bytes, ...], start_ns: int) -> Iterator[Body]:
    ended = [(max(_ended_ns(span) for span in _spans_of(orjson.loads(line))), line) for line in lines]
    known: set[tuple[str, str]] = set()
    for ended_ns, line in sorted(ended, key=lambda one: one[0]):
        if ended_ns >= start_ns:
            ids = {(span["traceId"], span["spanId"]) for span in _spans_of(orjson.loads(line))}
            yield Body(ended_ns, line, len(ids - known))
            known |= ids


def _ended_ns(span: dict[str, Any]) -> int:
    return int(span.get("endTimeUnixNano") or span["startTimeUnixNano"])


def _spans_of(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in content.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            yield from scope.get("spans", ())


def _ns(text: str) -> int:
    return parse_instant_ns(text, name="timestamp", now_ns=0)
