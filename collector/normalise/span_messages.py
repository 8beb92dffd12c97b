"""Serialised OTLP trace requests -> spans as columns: the same rows as from their JSON.

What comes in: raw records, each one ExportTraceServiceRequest as protobuf writes it. What goes out: as of spans.py. A
message that is none is one dead letter; of its content nothing is kept, for where a name ends cannot be told in it.
Messages as every exporter writes them are read in columns (span_columns.py), all others by the protobuf library.
"""

from collections.abc import Sequence

import polars as pl

from collector.normalise.spans import NormalisedSpans, Redacting, SpanRows, redact_spans
from collector.records import SPAN_SCHEMA

__all__ = ["NO_MESSAGE", "normalise_span_messages", "read_by_library"]

NO_MESSAGE = "no OTLP trace message"  # the reason of a message that could not be read at all
_EMITTER = ("project", "location", "environment", "service", "revision", "instance")


def normalise_span_messages(records: pl.DataFrame, *, location: str, redactor: Redacting) -> NormalisedSpans:
    """The spans of those messages (RAW_MESSAGE_SCHEMA), in their order. Never raises for what a record holds."""
    raws = records["raw"].to_list()
    lines = records["line"].to_list()
    spans, odd = _in_columns(raws, redactor)
    build = SpanRows(redactor)
    messages: list[int] = []
    for index in odd:
        read_by_library(build, lines[index], raws[index])
        messages += [index] * (len(build.rows) - len(messages))
    if odd:
        told = build.frame().with_columns(message=pl.Series(messages, dtype=pl.Int64))
        spans = pl.concat([spans, told]).sort("message", maintain_order=True)
    dead = build.dead(location)
    frame = redact_spans(spans.drop("message"), redactor)
    return NormalisedSpans(frame, dead, len(frame) + len(dead))


def read_by_library(build: SpanRows, line: int, raw: bytes) -> None:
    """The spans of one message by the protobuf library."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - only who receives messages waits for protobuf
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415 - as above
        ExportTraceServiceRequest,
    )

    from collector.normalise.span_parts import resource_json  # noqa: PLC0415 - as above

    try:
        message = ExportTraceServiceRequest.FromString(raw)
    except DecodeError:
        build.letters.append((line, NO_MESSAGE, ""))
    else:
        build.add_resources(line, [resource_json(resource) for resource in message.resource_spans])


def _in_columns(raws: Sequence[bytes], redactor: Redacting) -> tuple[pl.DataFrame, list[int]]:
    """The spans of the plain messages, unredacted, with the index of the message of each; and the odd messages."""
    from collector.normalise.span_columns import read_spans  # noqa: PLC0415 - only who receives messages waits for it
    from collector.normalise.span_parts import SpanParts  # noqa: PLC0415 - as above

    parts = SpanParts(redactor)
    read = read_spans(raws, parts)
    schema = pl.Schema({**SPAN_SCHEMA, "message": pl.Int64()})
    is_odd = read.is_odd.copy()
    emitters = [parts.emitter(resource) for resource in read.resources]
    unread = [index for index, emitter in enumerate(emitters) if emitter is None]
    odd_resource = pl.Series(read.resource).is_in(unread).to_numpy()
    is_odd[read.message[odd_resource]] = True
    odd = is_odd.nonzero()[0].tolist()
    if not read.columns:
        return schema.to_frame(), odd
    columns = dict(read.columns)
    for name in _EMITTER:
        told = pl.Series([getattr(emitter, name, "") for emitter in emitters], dtype=pl.String)
        columns[name] = told.gather(read.resource)
    received = pl.repeat(None, len(read.message), dtype=pl.Int64, eager=True)
    columns |= {"received_at_ns": received, "message": pl.Series(read.message)}
    frame = pl.DataFrame({name: columns[name] for name in schema}).cast(schema)
    return frame.filter(~pl.Series(is_odd[read.message])) if odd else frame, odd
