"""OTLP requests of one's own, as JSON and as the protobuf message of the same content."""

import base64
import json
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Json = dict[str, Any]
START_NS = 1_767_225_600_123_456_789
_IDS = {"traceId", "spanId", "parentSpanId"}


def typed(value: Any) -> Json:
    """A plain value as OTLP's AnyValue."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [typed(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": listed(value)}}
    return {"stringValue": value} if isinstance(value, str) else {"doubleValue": value}


def listed(attributes: Json) -> list[Json]:
    """Attributes as OTLP lists them."""
    return [{"key": key, "value": typed(value)} for key, value in attributes.items()]


def span(said: Json | None = None, **more: Any) -> Json:
    """A server span with those attributes."""
    return {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": "GET /orders",
        "kind": 2,
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 5_000),
        "attributes": listed(said or {}),
        "status": {},
        **more,
    }


def request(*spans: Any, resource: Json | None = None) -> Json:
    """An ExportTraceServiceRequest of one resource and scope."""
    attributes = {"service.name": "shop", "service.version": "shop-00002-abc", "service.instance.id": "i-1"}
    attributes = attributes if resource is None else resource
    return {"resourceSpans": [{"resource": {"attributes": listed(attributes)}, "scopeSpans": [{"spans": list(spans)}]}]}


def message(content: Json) -> bytes:
    """The serialised protobuf message of a request: hex ids become the bytes that they stand for."""
    parsed = ParseDict(_with_base64_ids(json.loads(json.dumps(content))), ExportTraceServiceRequest())
    return bytes(parsed.SerializeToString())


def _with_base64_ids(part: Any) -> Any:
    if isinstance(part, list):
        return [_with_base64_ids(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: base64.b64encode(bytes.fromhex(value)).decode() if key in _IDS else _with_base64_ids(value)
        for key, value in part.items()
    }
