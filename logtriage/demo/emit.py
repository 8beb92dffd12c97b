"""Writers: LogEntry lines and OTLP lines, with the disorder of real deliveries (late, twice)."""

import random
from typing import Any

import orjson

from logtriage.demo.clock import MILLI, SECOND, iso
from logtriage.demo.deploys import Deploy
from logtriage.demo.streams import hex_digits

__all__ = ["EntryWriter", "SpanWriter", "attribute", "audit_id", "span_record"]

_LATE_SHARE = 0.004
_TWICE_SHARE = 0.003


class EntryWriter:
    """Gathers entries; `lines` gives them in the order in which they arrived."""

    def __init__(self, project: str, rng: random.Random, end_ns: int) -> None:
        self._end_ns = end_ns  # what happened before has arrived by then
        self._prefix = f"projects/{project}/logs/"
        self._rng = rng
        self._rows: list[tuple[int, int, bytes]] = []
        self._ids: set[str] = set()
        self.duplicates = 0

    def write(self, at_ns: int, log: str, resource: dict[str, Any], body: dict[str, Any]) -> str:
        """Writes one entry and gives its insertId. `body` holds payload, severity, labels, trace and the like."""
        rng = self._rng
        at_ns -= at_ns % 1000
        identity = body.pop("insertId", None) or self._identity(at_ns)
        delay_ns = round(rng.uniform(0.04, 0.5) * SECOND)
        if rng.random() < _LATE_SHARE:
            delay_ns += round(rng.uniform(20, 540) * SECOND)
        delay_ns = min(delay_ns, max(30 * MILLI, self._end_ns - at_ns))
        entry = {
            "insertId": identity, **body, "logName": self._prefix + log, "resource": resource,
            "receiveTimestamp": iso(at_ns + delay_ns, 9), "timestamp": iso(at_ns),
        }  # fmt: skip
        line = _json(entry, option=orjson.OPT_SORT_KEYS)
        self._rows.append((at_ns + delay_ns, len(self._rows), line))
        if rng.random() < _TWICE_SHARE:
            self.duplicates += 1
            again_ns = at_ns + delay_ns + round(rng.uniform(0.1, 40) * SECOND)
            self._rows.append((again_ns, len(self._rows), line))
        return identity

    def _identity(self, at_ns: int) -> str:
        while True:
            drawn = f"{at_ns // SECOND:08x}{at_ns % SECOND // 1000:08x}{self._rng.getrandbits(32):08x}"
            if drawn not in self._ids:
                self._ids.add(drawn)
                return drawn

    def lines(self) -> list[bytes]:
        """JSON lines in order of arrival, duplicates included."""
        return [line for _, _, line in sorted(self._rows)]


def attribute(key: str, value: str | int | bool) -> dict[str, Any]:  # noqa: FBT001 - a value, not a switch
    """One OTLP attribute; 64-bit integers are strings there."""
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    return {"key": key, "value": {"stringValue": value}}


class SpanWriter:
    """Gathers spans by trace and revision; one ExportTraceServiceRequest a line."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._groups: dict[tuple[str, str], tuple[int, Deploy, str, list[dict[str, Any]]]] = {}
        self.count = 0

    def write(self, deploy: Deploy, instance: str, span: dict[str, Any]) -> None:
        """Adds one finished span (OTLP JSON) of a revision."""
        key = (span["traceId"], deploy.revision)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = (int(span["startTimeUnixNano"]), deploy, instance, [])
        group[3].append(span)
        self.count += 1

    def lines(self) -> list[bytes]:
        """OTLP JSON lines, oldest trace first."""
        rows = sorted((at_ns, key) for key, (at_ns, _, _, _) in self._groups.items())
        return [self._line(*self._groups[key][1:]) for _, key in rows]

    def _line(self, deploy: Deploy, instance: str, spans: list[dict[str, Any]]) -> bytes:
        language = {"node": "nodejs"}.get(deploy.service.language, deploy.service.language)
        resource = [
            attribute("service.name", deploy.service.name), attribute("service.version", deploy.revision),
            attribute("service.instance.id", instance[-32:]), attribute("deployment.environment", self._stage),
            attribute("telemetry.sdk.language", language), attribute("telemetry.sdk.name", "opentelemetry"),
        ]  # fmt: skip
        scope = {"scope": {"name": f"{deploy.service.package}.http", "version": "1.2.0"}, "spans": spans}
        return _json({"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [scope]}]})


def _json(record: dict[str, Any], option: int = 0) -> bytes:
    """JSON that takes no more memory than its length: what orjson gives holds 4 KiB at least."""
    return bytes(memoryview(orjson.dumps(record, option=option)))


def span_record(
    ids: tuple[str, str, str], name: str, kind: int, times_ns: tuple[int, int], attributes: list[dict[str, Any]]
) -> dict[str, Any]:
    """One OTLP span: ids are trace, span and parent span ("" for a root)."""
    trace, span, parent = ids
    record: dict[str, Any] = {"traceId": trace, "spanId": span}
    if parent:
        record["parentSpanId"] = parent
    record.update(
        flags=1, name=name, kind=kind, startTimeUnixNano=str(times_ns[0]),
        endTimeUnixNano=str(max(times_ns[1], times_ns[0] + MILLI // 10)), attributes=attributes, status={},
    )  # fmt: skip
    return record


def audit_id(rng: random.Random) -> str:
    """An insertId as audit entries have it: short, letters and digits."""
    return f"{int(hex_digits(rng, 15), 16):x}"[:12].replace("0", "z").replace("1", "q")
