"""Serialised OTLP trace requests -> spans as columns: the same rows as from their JSON.

What comes in: raw records, each one ExportTraceServiceRequest as protobuf writes it. What goes out: as of spans.py. A
message that is none is one dead letter; of its content nothing is kept, for where a name ends cannot be told in it.
"""

import base64
from typing import TYPE_CHECKING, Any

import polars as pl

from collector.normalise.spans import NormalisedSpans, Redacting, SpanRows

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

__all__ = ["NO_MESSAGE", "normalise_span_messages"]

NO_MESSAGE = "no OTLP trace message"  # the reason of a message that could not be read at all

_PLAIN = {
    "string_value": "stringValue",
    "int_value": "intValue",
    "bool_value": "boolValue",
    "double_value": "doubleValue",
}


def normalise_span_messages(records: pl.DataFrame, *, location: str, redactor: Redacting) -> NormalisedSpans:
    """The spans of those messages (RAW_MESSAGE_SCHEMA), in their order. Never raises for what a record holds."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - only who receives messages waits for protobuf
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415 - as above
        ExportTraceServiceRequest,
    )

    build = SpanRows(redactor)
    for line, raw in zip(records["line"].to_list(), records["raw"].to_list(), strict=True):
        try:
            message = ExportTraceServiceRequest.FromString(raw)
        except DecodeError:
            build.letters.append((line, NO_MESSAGE, ""))
        else:
            build.add_resources(line, [_resource(resource) for resource in message.resource_spans])
    return build.normalised(location)


def _resource(message: "ResourceSpans") -> dict[str, Any]:
    """One resource's spans as its JSON has them."""
    return {
        "resource": {"attributes": _attributes(message.resource.attributes)},
        "scopeSpans": [{"spans": [_span(span) for span in scope.spans]} for scope in message.scope_spans],
    }


def _span(span: "Span") -> dict[str, Any]:
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_span_id.hex(),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "attributes": _attributes(span.attributes),
        "events": [
            {"name": event.name, "timeUnixNano": event.time_unix_nano, "attributes": _attributes(event.attributes)}
            for event in span.events
        ],
        "links": [{"traceId": link.trace_id.hex(), "spanId": link.span_id.hex()} for link in span.links],
        "status": {"code": span.status.code, "message": span.status.message},
    }


def _attributes(listed: "Any") -> list[dict[str, Any]]:
    return [_attribute(attribute) for attribute in listed]


def _attribute(attribute: "KeyValue") -> dict[str, Any]:
    return {"key": attribute.key, "value": _value(attribute.value)}


def _value(value: "AnyValue") -> dict[str, Any]:
    """One AnyValue as its JSON has it."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return {"arrayValue": {"values": [_value(item) for item in value.array_value.values]}}
    if kind == "kvlist_value":
        return {"kvlistValue": {"values": _attributes(value.kvlist_value.values)}}
    if kind == "bytes_value":
        return {"bytesValue": base64.b64encode(value.bytes_value).decode()}
    return {_PLAIN[kind]: getattr(value, kind)} if kind in _PLAIN else {}
