"""What is read in columns equals what the protobuf library reads, for every message; what is unusual is left to it."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from polars.testing import assert_frame_equal

from collector.normalise.redact import Redactor
from collector.normalise.semconv import CLIENT_ADDRESSES, HTTP_PATH, HTTP_STATUS, PEER, PEER_IPS, RPC_STATUS
from collector.normalise.span_columns import read_spans
from collector.normalise.span_messages import NO_MESSAGE, normalise_span_messages, read_by_library
from collector.normalise.span_parts import SpanParts
from collector.normalise.spans import NormalisedSpans, SpanRows, normalise_spans
from collector.records import RAW_MESSAGE_SCHEMA, RAW_SCHEMA
from tests.support.otlp import START_NS, Json, listed, message, request, span

REDACTOR = Redactor(b"k" * 32)
LONG_LOOKING_NS = START_NS >> 40 << 40 | 0x9CBFEDDD80  # its low bytes look like those that a number goes on after
NAMES = [*HTTP_STATUS, *HTTP_PATH, *PEER, *RPC_STATUS, *CLIENT_ADDRESSES, *PEER_IPS, "server.address", "http.route",
         "faas.coldstart", "error.type", "db.password", "", 'q"uote', "é", "x" * 130]  # fmt: skip

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["GET", "/a?b=c", "https://h/p?q", "503", "password=hunter2hunter2", 'say "no"\n', "a" * 400]
)
numbers = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 1000) | st.floats(allow_nan=False, allow_infinity=False)
plain = texts | st.booleans() | numbers
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
attributes = st.dictionaries(st.sampled_from(NAMES) | texts, values, max_size=6)
events = st.builds(
    lambda name, said: {"name": name, "timeUnixNano": str(START_NS), "attributes": listed(said)},
    st.sampled_from(["exception", "retry"]),
    st.dictionaries(st.sampled_from(["exception.type", "exception.message", "exception.stacktrace"]), texts),
)
links = st.just({"traceId": "1" * 32, "spanId": "2" * 16}) | st.just({"traceId": "00" * 16, "spanId": ""})
spans = st.builds(
    span,
    attributes,
    traceId=st.binary(min_size=16, max_size=16).map(bytes.hex) | st.sampled_from(["", "00" * 16, "ab" * 8]),
    spanId=st.binary(min_size=8, max_size=8).map(bytes.hex) | st.sampled_from(["", "00" * 8]),
    parentSpanId=st.sampled_from(["", "00" * 8, "12" * 8, "12" * 7]),
    name=texts,
    kind=st.integers(0, 9),
    startTimeUnixNano=st.sampled_from([str(START_NS), "0", str(2**64 - 1), "1"]),
    endTimeUnixNano=st.sampled_from([str(START_NS + 1), str(START_NS - 1), "0", str(2**63)]),
    status=st.builds(lambda code, told: {"code": code, "message": told}, st.integers(0, 4), texts) | st.just({}),
    events=st.lists(events, max_size=2),
    links=st.lists(links, max_size=2),
    droppedAttributesCount=st.sampled_from([0, 3, 2**32 - 1]),
    traceState=st.sampled_from(["", "a=b"]),
    flags=st.sampled_from([0, 257]),
)
requests = st.builds(
    lambda spans, resource: request(*spans, resource=resource),
    st.lists(spans, max_size=4),
    st.dictionaries(st.sampled_from(["service.name", "faas.version", "k8s.pod.name"]), plain) | st.none(),
)


def columns(*raws: bytes) -> NormalisedSpans:
    records = pl.DataFrame({"line": list(range(1, len(raws) + 1)), "raw": list(raws)}, schema=RAW_MESSAGE_SCHEMA)
    return normalise_span_messages(records, location="l", redactor=REDACTOR)


def from_json(*contents: Json) -> NormalisedSpans:
    raws = [json.dumps(one) for one in contents]
    records = pl.DataFrame({"line": list(range(1, len(raws) + 1)), "raw": raws}, schema=RAW_SCHEMA)
    return normalise_spans(records, location="l", redactor=REDACTOR)


def is_odd(raw: bytes) -> bool:
    return bool(read_spans([raw], SpanParts(REDACTOR)).is_odd[0])


def by_library(*raws: bytes) -> NormalisedSpans:
    build = SpanRows(REDACTOR)
    for line, raw in enumerate(raws, start=1):
        read_by_library(build, line, raw)
    return build.normalised("l")


@given(st.lists(requests, min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_columns_equal_the_rows_of_the_library(contents: list[Json]) -> None:
    raws = [message(one) for one in contents]

    ours, theirs = columns(*raws), by_library(*raws)

    assert_frame_equal(ours.spans, theirs.spans)
    assert_frame_equal(ours.dead, theirs.dead)


@given(requests, st.data())
@settings(max_examples=40, deadline=None)
def test_a_spoilt_message_costs_only_itself(content: Json, data: st.DataObject) -> None:
    raw = bytearray(message(content))
    for _ in range(data.draw(st.integers(1, 4)) if raw else 0):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    good = message(request(span({"a": "b"})))

    spoilt = [bytes(raw[: data.draw(st.integers(0, len(raw)))]), good, bytes(raw)]

    found, wanted = columns(*spoilt), by_library(*spoilt)

    if NO_MESSAGE not in wanted.dead["reason"]:  # what is not kept may be spoilt where columns do not look
        assert_frame_equal(found.spans, wanted.spans)
    assert found.spans["attributes"].to_list().count('{"a":"b"}') >= 1
    assert found.read == found.spans.height + found.dead.height


@pytest.mark.parametrize(
    "content",
    [
        request(span({"a": "b", "n": 5, "t": True, "f": 0.5, "l": ["x"]}), span(), span({"é": "ü"}, endTimeUnixNano=0)),
        request(*[span({f"key.{number}": number}) for number in range(100)]),
        request(span({f"key.{number}": "x" * number for number in range(200)})),
        request(span(status={"code": 2, "message": "no"}, events=[{"name": "e"}], links=[{"traceId": "1" * 32}])),
        request(resource={}),
    ],
)  # fmt: skip
def test_what_exporters_write_is_read_in_columns(content: Json) -> None:
    raw = message(content)

    assert not is_odd(raw)
    assert_frame_equal(columns(raw).spans, from_json(content).spans)


def test_a_time_of_any_digits_is_read_in_columns() -> None:
    raw = message(request(span(startTimeUnixNano=str(LONG_LOOKING_NS), endTimeUnixNano=str(LONG_LOOKING_NS + 1))))

    found = read_spans([raw] * 40, SpanParts(REDACTOR))  # so many are read in step

    assert not found.is_odd.any()


@pytest.mark.parametrize(
    "content",
    [request(span(traceId="ab")), request(span(startTimeUnixNano="0")), request(span({"http.route": 0.5}))],
)
def test_what_is_unusual_is_left_to_the_library(content: Json) -> None:
    assert is_odd(message(content))


def twice(**changes: Any) -> bytes:
    """A message with one field of its span written a second time, which protobuf allows."""
    parsed = ExportTraceServiceRequest.FromString(message(request(span({"a": "b"}))))
    first = parsed.resource_spans[0].scope_spans[0].spans[0]
    more = type(first)(**changes).SerializeToString()
    data = first.SerializeToString() + more
    scope = b"\x12" + bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data
    inner = b"\x12" + bytes([len(scope) & 0x7F | 0x80, len(scope) >> 7]) + scope
    return bytes(b"\x0a" + bytes([len(inner) & 0x7F | 0x80, len(inner) >> 7]) + inner)


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"name": "second"}, "name", "second"),
        ({"kind": 3}, "kind", 3),
        ({"trace_id": b"\x01" * 16}, "trace", "01" * 16),
        ({"attributes": [{"key": "a", "value": {"string_value": "c"}}]}, "attributes", '{"a":"c"}'),
    ],
)
def test_of_a_field_given_twice_the_last_counts(changes: Json, column: str, value: object) -> None:
    assert columns(twice(**changes)).spans[column].to_list() == [value]


def test_text_that_is_not_utf8_costs_its_message_alone() -> None:
    bad = message(request(span({"a": "HERE"}))).replace(b"HERE", b"\xff\xfe\xfd\xfc")

    found = columns(message(request(span())), bad)

    assert found.spans.height == 1
    assert found.dead.rows() == [("l", 2, NO_MESSAGE, "")]
