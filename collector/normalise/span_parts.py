"""Parts of serialised spans as the protobuf library reads them: lists, objects, events, links, resources.

What comes in: the bytes of one part. What goes out: what spans.py makes of the same part in JSON; None for bytes that
are no such part.
"""

import base64
from collections.abc import Iterable
from typing import Any

import orjson
import polars as pl
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from collector.normalise.semconv import Emitter, exception_of, read_emitter
from collector.normalise.spans import Redacting, read_attributes, read_events, read_links, read_value

__all__ = ["SpanParts", "resource_json"]

_PLAIN = {
    "string_value": "stringValue",
    "int_value": "intValue",
    "bool_value": "boolValue",
    "double_value": "doubleValue",
}
_TRACE_BYTES, _SPAN_BYTES = 16, 8


class SpanParts:
    """Parts of the spans of one batch."""

    def __init__(self, redactor: Redacting) -> None:
        self._redactor = redactor
        self._emitters: dict[bytes, Emitter | None] = {}

    def emitter(self, resource: bytes) -> Emitter | None:
        """Who a resource is."""
        if resource not in self._emitters:
            try:
                told = _attributes(Resource.FromString(resource).attributes)
            except DecodeError:
                self._emitters[resource] = None
            else:
                self._emitters[resource] = read_emitter(read_attributes(told))
        return self._emitters[resource]

    def value(self, value: bytes) -> bytes | None:
        """A value as JSON."""
        try:
            return orjson.dumps(read_value(_value(AnyValue.FromString(value))))
        except (DecodeError, orjson.JSONEncodeError):
            return None

    def events(self, events: Iterable[bytes]) -> tuple[str, str | None] | None:
        """The events of a span as JSON, and the first exception among them."""
        try:
            told = read_events([_event(Span.Event.FromString(event)) for event in events], self._redactor.caller)
            return orjson.dumps(told).decode(), exception_of(told)
        except (DecodeError, orjson.JSONEncodeError):
            return None

    def links(self, links: Iterable[bytes]) -> str | None:
        """The links of a span; "" where none names a span."""
        try:
            return read_links([_link(Span.Link.FromString(link)) for link in links]) or ""
        except DecodeError:
            return None

    def hidden(self, addresses: pl.Series) -> pl.Series:
        """Keyed hashes in place of callers' addresses."""
        different = addresses.unique().to_list()
        told = [self._redactor.caller(address) for address in different]
        return addresses.replace_strict(different, told, return_dtype=pl.String)


def resource_json(message: ResourceSpans) -> dict[str, Any]:
    """One resource with its spans as its JSON has them."""
    return {
        "resource": {"attributes": _attributes(message.resource.attributes)},
        "scopeSpans": [{"spans": [_span(span) for span in scope.spans]} for scope in message.scope_spans],
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "traceId": _id(span.trace_id, _TRACE_BYTES),
        "spanId": _id(span.span_id, _SPAN_BYTES),
        "parentSpanId": _id(span.parent_span_id, _SPAN_BYTES),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "attributes": _attributes(span.attributes),
        "events": [_event(event) for event in span.events],
        "links": [_link(link) for link in span.links],
        "status": {"code": span.status.code, "message": span.status.message},
    }


def _event(event: Span.Event) -> dict[str, Any]:
    return {"name": event.name, "timeUnixNano": event.time_unix_nano, "attributes": _attributes(event.attributes)}


def _link(link: Span.Link) -> dict[str, Any]:
    return {"traceId": _id(link.trace_id, _TRACE_BYTES), "spanId": _id(link.span_id, _SPAN_BYTES)}


def _id(data: bytes, size: int) -> str:
    """The digits of an id; "" of one that is not so long, which is no id in protobuf."""
    return data.hex() if len(data) == size else ""


def _attributes(listed: Iterable[KeyValue]) -> list[dict[str, Any]]:
    return [{"key": attribute.key, "value": _value(attribute.value)} for attribute in listed]


def _value(value: AnyValue) -> dict[str, Any]:
    """One AnyValue as its JSON has it."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return {"arrayValue": {"values": [_value(item) for item in value.array_value.values]}}
    if kind == "kvlist_value":
        return {"kvlistValue": {"values": _attributes(value.kvlist_value.values)}}
    if kind == "bytes_value":
        return {"bytesValue": base64.b64encode(value.bytes_value).decode()}
    return {_PLAIN[kind]: getattr(value, kind)} if kind in _PLAIN else {}
