"""Serialised OTLP messages give the rows that the JSON of the same request gives."""

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from collector.collect import normalise
from collector.normalise.redact import Redactor
from collector.normalise.span_messages import NO_MESSAGE, normalise_span_messages
from collector.normalise.spans import NormalisedSpans, normalise_spans
from collector.records import DEAD_LETTER_SCHEMA, RAW_MESSAGE_SCHEMA, RAW_SCHEMA, SPAN_SCHEMA, RawBatch
from tests.support.otlp import START_NS, Json, listed, message, request, span

REDACTOR = Redactor(b"k" * 32)
REQUESTS = {
    "plain": request(span({"http.request.method": "GET", "http.response.status_code": 503})),
    "a child": request(span(parentSpanId="00f067aa0ba902b7", kind=3)),
    "every type of value": request(
        span({"s": "é\0", "i": -5, "f": 1.5, "b": True, "l": ["a", 1], "o": {"k": [{}]}, "big": 2**63 - 1})
    ),
    "events, links, status": request(
        span(
            status={"code": 2, "message": "no"},
            events=[
                {
                    "name": "exception",
                    "timeUnixNano": str(START_NS + 1),
                    "attributes": listed({"exception.type": "E", "exception.message": "m"}),
                }
            ],
            links=[{"traceId": "1" * 32, "spanId": "2" * 16}],
        )
    ),
    "unfinished": request(span(endTimeUnixNano="0")),
    "secrets": request(
        span({"db.password": "hunter2hunter2", "client.address": "198.51.100.7"}, name="token=abc123def")
    ),
    "no service": request(span(), resource={}),
    "bad ids among good": request(span(), span(traceId="00" * 16), span(spanId=""), span(spanId="00000000000000aa")),
    "no start": request(span(startTimeUnixNano="0")),
    "nothing": {"resourceSpans": []},
    "two resources": {
        "resourceSpans": [*request(span())["resourceSpans"], *request(span(), resource={})["resourceSpans"]]
    },
}


def from_messages(*raws: bytes) -> NormalisedSpans:
    records = pl.DataFrame({"line": list(range(1, len(raws) + 1)), "raw": list(raws)}, schema=RAW_MESSAGE_SCHEMA)
    return normalise_span_messages(records, location="l", redactor=REDACTOR)


def from_json(*requests: Json) -> NormalisedSpans:
    raws = [json.dumps(one) for one in requests]
    records = pl.DataFrame({"line": list(range(1, len(raws) + 1)), "raw": raws}, schema=RAW_SCHEMA)
    return normalise_spans(records, location="l", redactor=REDACTOR)


@pytest.mark.parametrize("content", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_message_gives_the_rows_of_its_json(content: Json) -> None:
    ours, theirs = from_messages(message(content)), from_json(content)

    assert_frame_equal(ours.spans, theirs.spans)
    assert ours.dead.select("line", "reason").rows() == theirs.dead.select("line", "reason").rows()
    assert ours.read == theirs.read
    assert dict(ours.spans.schema) == SPAN_SCHEMA


def test_each_refused_span_is_a_dead_letter_of_its_message() -> None:
    bad = request(span(), span(traceId="00" * 16), span(startTimeUnixNano="0"))

    found = from_messages(message(request(span())), message(bad))

    assert found.dead["line"].to_list() == [2, 2]
    assert found.dead["reason"].to_list() == ["the span has no valid trace id", "the span has no valid start"]
    assert found.read == 4


@pytest.mark.parametrize("raw", [b"\xff\xff", b"hello, world", message(request(span()))[:-3], b"\x0a\x05ab"])
def test_what_is_no_message_is_one_dead_letter_and_the_others_stay(raw: bytes) -> None:
    found = from_messages(raw, message(request(span())))

    assert found.dead.rows() == [("l", 1, NO_MESSAGE, "")]
    assert found.spans.height == 1


@pytest.mark.parametrize("tag", [b"\x8a\x80\x20", b"\x89" + b"\x98" * 8 + b"\x12"], ids=["far", "no number"])
def test_a_field_of_a_number_that_nobody_has_is_none_of_ours(tag: bytes) -> None:
    """The first has the number 65537, whose low 16 bits are those of the resource's spans."""
    plain = message(request(span()))
    content = b"\x03abc" if tag[0] & 7 == 2 else bytes(8)

    found = from_messages(plain + tag + content)

    expected = from_messages(plain) if tag[0] & 7 == 2 else from_messages(b"\xff")
    assert_frame_equal(found.spans, expected.spans)
    assert found.dead.height == expected.dead.height


def test_an_empty_message_counts_nothing() -> None:
    assert from_messages(b"").read == 0


@pytest.mark.parametrize("received_at_ns", [None, START_NS + 9])
def test_the_time_of_receipt_is_that_of_the_batch(received_at_ns: int | None) -> None:
    raw = RawBatch(
        source="receiver",
        location="otlp",
        kind="span_messages",
        records=pl.DataFrame({"line": [1], "raw": [message(request(span()))]}, schema=RAW_MESSAGE_SCHEMA),
        dead=pl.DataFrame(schema=DEAD_LETTER_SCHEMA),
        received_at_ns=received_at_ns,
    )

    batch = normalise(raw, redactor=REDACTOR)

    assert batch.spans["received_at_ns"].to_list() == [received_at_ns]
    assert (batch.read, batch.spans.schema) == (1, SPAN_SCHEMA)
