"""OTLP JSON becomes spans: every column from old and new conventions, nothing lost, nothing secret."""

import json
from typing import Any

import orjson
import polars as pl
import pytest

from collector.normalise.redact import Redactor
from collector.normalise.spans import NormalisedSpans, normalise_spans
from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA, SPAN_SCHEMA
from tests.support.otlp import START_NS, Json, listed, request, span


def normalised(*requests: Any) -> NormalisedSpans:
    raw = [text if isinstance(text, str) else json.dumps(text) for text in requests]
    records = pl.DataFrame({"line": list(range(1, len(raw) + 1)), "raw": raw}, schema=RAW_SCHEMA)
    return normalise_spans(records, location="traces.jsonl", redactor=Redactor(b"k" * 32))


def row(item: Json, resource: Json | None = None) -> Json:
    result = normalised(request(item, resource=resource))
    assert result.dead.rows() == []
    (only,) = result.spans.iter_rows(named=True)
    return only


def test_a_span_fills_every_column() -> None:
    server = span(
        {
            "http.request.method": "GET",
            "http.route": "/orders",
            "http.response.status_code": 503,
            "db.system.name": "x",
        },
        parentSpanId="00f067aa0ba902b7",
        status={"code": 2, "message": "no"},
        events=[
            {"name": "exception", "timeUnixNano": str(START_NS + 1), "attributes": listed({"exception.type": "E"})}
        ],
        links=[{"traceId": "1" * 32, "spanId": "2" * 16}, {"traceId": "no"}],
    )

    result = normalised(request(server))

    assert dict(result.spans.schema) == SPAN_SCHEMA
    assert dict(result.dead.schema) == DEAD_LETTER_SCHEMA
    (only,) = result.spans.iter_rows(named=True)
    assert orjson.loads(only.pop("attributes"))["http.response.status_code"] == 503
    assert orjson.loads(only.pop("events")) == [
        {"name": "exception", "at_ns": START_NS + 1, "attributes": {"exception.type": "E"}}
    ]
    assert only == {
        "trace": "0af7651916cd43dd8448eb211c80319c",
        "span": "b7ad6b7169203331",
        "parent_span": "00f067aa0ba902b7",
        "project": "",
        "location": "",
        "environment": "",
        "service": "shop",
        "revision": "shop-00002-abc",
        "instance": "i-1",
        "name": "GET /orders",
        "kind": 2,
        "start_ns": START_NS,
        "duration_ns": 5_000,
        "received_at_ns": None,
        "status": 2,
        "status_message": "no",
        "http_method": "GET",
        "http_route": "/orders",
        "http_path": None,
        "http_status": 503,
        "user_agent": None,
        "synthetic": None,
        "cold_start": None,
        "peer_service": None,
        "db_system": "x",
        "error_type": None,
        "exception": "E",
        "links": f"{'1' * 32}:{'2' * 16}",
    }


@pytest.mark.parametrize(
    ("attributes", "column", "value"),
    [
        ({"http.method": "PUT"}, "http_method", "PUT"),
        ({"http.method": "PUT", "http.request.method": "POST"}, "http_method", "POST"),
        ({"http.status_code": 404}, "http_status", 404),
        ({"http.status_code": "404"}, "http_status", 404),
        ({"http.status_code": 99_999}, "http_status", None),
        ({"http.status_code": ""}, "http_status", None),
        ({"db.system": "redis"}, "db_system", "redis"),
        ({"peer.service": "auth"}, "peer_service", "auth"),
        ({"server.address": "shop.example"}, "peer_service", None),
        ({"http.target": "/a/b?c=d"}, "http_path", "/a/b"),
        ({"url.full": "https://shop.example:8080/a?c#d", "http.target": "/old"}, "http_path", "/old"),
        ({"http.url": "https://shop.example"}, "http_path", "/"),
        ({"http.user_agent": "curl"}, "user_agent", "curl"),
        ({"user_agent.synthetic.type": "test"}, "synthetic", "test"),
        ({"faas.coldstart": True}, "cold_start", True),
        ({"rpc.grpc.status_code": 14}, "error_type", "14"),
        ({"rpc.grpc.status_code": 0}, "error_type", None),
        ({"error.type": "timeout", "rpc.grpc.status_code": 4}, "error_type", "timeout"),
    ],
)
def test_old_and_new_names_give_the_same_column(attributes: Json, column: str, value: object) -> None:
    assert row(span(attributes))[column] == value


@pytest.mark.parametrize("name", ["server.address", "net.peer.name"])
def test_a_clients_peer_is_the_address_it_calls(name: str) -> None:
    assert row(span({name: "auth.example"}, kind=3))["peer_service"] == "auth.example"
    assert row(span({name: "auth.example", "peer.service": "auth"}, kind=3))["peer_service"] == "auth"


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"service.name": "s", "service.version": "1.2", "faas.version": "s-00001-x"}, ("s", "s-00001-x", "")),
        ({"service.name": "unknown_service:python", "faas.name": "s", "faas.instance": "i"}, ("s", "", "i")),
        ({"service.name": "unknown_service"}, ("unknown_service", "", "")),
        ({}, ("", "", "")),
    ],
)
def test_service_revision_and_instance_come_from_the_resource(resource: Json, expected: tuple[str, ...]) -> None:
    only = row(span(), resource)

    assert (only["service"], only["revision"], only["instance"]) == expected


@pytest.mark.parametrize(
    ("more", "column", "value"),
    [
        ({"traceId": "0AF7651916CD43DD8448EB211C80319C"}, "trace", "0af7651916cd43dd8448eb211c80319c"),
        ({"traceId": "CvdlGRbNQ92ESOshHIAxnA=="}, "trace", "0af7651916cd43dd8448eb211c80319c"),
        ({"spanId": "t61rcWkgMzE="}, "span", "b7ad6b7169203331"),
        ({"traceId": "B7AD6B7169203331"}, "trace", "0000000000000000b7ad6b7169203331"),
        ({"traceId": f"projects/p/traces/{'0a' * 16}"}, "trace", "0a" * 16),
        ({"spanId": "13235353014750950193"}, "span", "b7ad6b7169203331"),
        ({"parentSpanId": ""}, "parent_span", ""),
        ({"parentSpanId": "0000000000000000"}, "parent_span", ""),
        ({"startTimeUnixNano": START_NS, "endTimeUnixNano": START_NS + 1}, "duration_ns", 1),
        ({"endTimeUnixNano": str(START_NS - 1)}, "duration_ns", 0),
        ({"endTimeUnixNano": "0"}, "duration_ns", None),
        ({"kind": "SPAN_KIND_CONSUMER"}, "kind", 5),
        ({"kind": 77}, "kind", 0),
        ({"status": {"code": "STATUS_CODE_ERROR"}}, "status", 2),
        ({"status": None}, "status", 0),
        ({"name": None}, "name", ""),
        ({"events": []}, "events", None),
    ],
)
def test_every_notation_of_a_field_is_understood(more: Json, column: str, value: object) -> None:
    assert row(span(**more))[column] == value


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (span(traceId="xyz"), "trace id"),
        (span(traceId="0" * 32), "trace id"),
        (span(spanId=None), "span id"),
        (span(spanId="1234567890"), "span id"),
        (span(spanId="99999999999999999999"), "span id"),
        (span(spanId="====="), "span id"),
        (span(startTimeUnixNano="soon"), "start"),
        (span(startTimeUnixNano=str(2**64)), "start"),
        (span(attributes=[{"key": "a", "value": "b"}]), "malformed"),
        (span(attributes=["a"]), "malformed"),
        (span(attributes=7), "malformed"),
        (span(status="bad"), "malformed"),
        ("no span", "malformed"),
        (None, "malformed"),
    ],
)
def test_a_bad_span_is_a_dead_letter_and_the_rest_of_its_request_stays(bad: Any, reason: str) -> None:
    result = normalised(request(span(), bad, span(spanId="00000000000000aa")))

    assert result.spans["span"].to_list() == ["b7ad6b7169203331", "00000000000000aa"]
    ((location, line, why, _),) = result.dead.rows()
    assert (location, line, result.read) == ("traces.jsonl", 1, 3)
    assert reason in why


@pytest.mark.parametrize("empty", [{"key": "a"}, {"key": "a", "value": None}, {"key": "a", "value": {}}])
def test_an_attribute_without_a_value_costs_no_span(empty: Any) -> None:
    result = normalised(request(span(attributes=[empty, {"key": "b", "value": {"intValue": "many"}}, {}])))

    assert orjson.loads(result.spans["attributes"][0]) == {"a": None, "b": "many", "": None}
    assert not len(result.dead)


def test_no_column_of_a_span_holds_a_secret() -> None:
    told = "password=Zx7Qv9Lm2Rb"
    value = {"stringValue": told}
    keys = ["http.request.method", "http.route", "url.path", "user_agent.original", "user_agent.synthetic.type"]
    keys += ["peer.service", "db.system.name", "error.type", "http.request.header.x-api-key", "any"]
    attributes = [{"key": key, "value": value} for key in keys]
    cookies = {"arrayValue": {"values": [{"stringValue": "s=Zx7Qv9Lm2Rb"}, {"stringValue": "t=Zx7Qv9Lm2Rb"}]}}
    attributes.append({"key": "http.request.header.cookie", "value": cookies})
    event = {"name": told, "attributes": [{"key": "exception.message", "value": value}]}
    status = {"code": 2, "message": told}
    resource = [
        {"key": key, "value": value}
        for key in ("service.name", "service.version", "service.instance.id", "deployment.environment", "cloud.region")
    ]
    whole = request(span(name=told, attributes=attributes, events=[event], status=status))
    whole["resourceSpans"][0]["resource"] = {"attributes": [*resource, {"key": "cloud.account.id", "value": value}]}

    assert "Zx7Qv9Lm2Rb" not in repr(normalised(whole).spans.row(0))


def test_records_that_are_no_requests_are_dead_letters_with_their_line() -> None:
    result = normalised(
        request(span()), '{"resourceSpans": [', "[]", {"resourceSpans": 3}, {"other": 1}, {"resourceSpans": [1]}
    )

    assert (len(result.spans), result.read) == (1, 6)
    assert result.dead["line"].to_list() == [2, 3, 4, 5, 6]
    assert result.dead["reason"][0] == "not JSON"


def test_a_request_without_spans_counts_nothing() -> None:
    result = normalised({"resourceSpans": []}, request())

    assert (result.read, len(result.spans), len(result.dead)) == (0, 0, 0)


def test_an_empty_batch_has_the_schema() -> None:
    assert dict(normalised().spans.schema) == SPAN_SCHEMA


def test_values_of_every_type_are_kept() -> None:
    values = {"s": "é\0", "i": -5, "f": 1.5, "b": True, "l": ["a", 1], "o": {"k": [{}]}, "big": 2**63 - 1}
    item = span()
    item["attributes"] = [
        *listed(values),
        {"key": "huge", "value": {"intValue": "9" * 25}},
        {"key": "none", "value": {}},
        {"key": "bytes", "value": {"bytesValue": "AAE="}},
    ]

    assert orjson.loads(row(item)["attributes"]) == {**values, "huge": "9" * 25, "none": None, "bytes": "AAE="}


@pytest.mark.parametrize("half", ["\\ud83d", "\\uDE00 tail", "\\ud83d \\\\ud83d"])
def test_half_a_surrogate_pair_does_not_cost_the_request(half: str) -> None:
    raw = json.dumps(request(span({"text": "HERE", "smile": "\U0001f600"}))).replace("HERE", half)

    result = normalised(raw)

    attributes = orjson.loads(result.spans["attributes"][0])
    assert "\ufffd" in attributes["text"]
    assert attributes["smile"] == "\U0001f600"


def test_nesting_beyond_what_can_be_written_is_a_dead_letter() -> None:
    value: Json = {"stringValue": "deep"}
    for _ in range(120):
        value = {"arrayValue": {"values": [value]}}
    result = normalised(request(span(attributes=[{"key": "a", "value": value}]), span(spanId="00000000000000aa")))

    assert result.read == 2
    assert "00000000000000aa" in result.spans["span"].to_list()


def test_secrets_are_in_no_column() -> None:
    secret = "hunter2hunter2"
    text = f"password={secret} of jane@example.com"
    item = span(
        {"db.password": secret, "url.full": f"https://u:{secret}@h/", "note": text},
        name=text,
        status={"code": 2, "message": text},
        events=[{"name": "e", "attributes": listed({"exception.message": text})}],
    )

    result = normalised(request(item), {"resourceSpans": text}, request({**item, "traceId": ""}))

    stored = str(result.spans.rows()) + str(result.dead.rows())
    assert secret not in stored
    assert "jane@" not in stored
    assert len(result.dead) == 2


def test_callers_addresses_become_the_same_hash_everywhere() -> None:
    result = normalised(
        request(
            span({"client.address": "198.51.100.7"}),
            span({"net.peer.ip": "198.51.100.7"}),
            span({"net.peer.ip": "10.0.0.9"}, kind=3),
        )
    )

    first, second, called = [orjson.loads(text) for text in result.spans["attributes"]]
    assert first["client.address"] == second["net.peer.ip"] != "198.51.100.7"
    assert called["net.peer.ip"] == "10.0.0.9"


def test_excerpts_of_dead_letters_are_short() -> None:
    result = normalised("x" * 50_000)

    assert result.dead["excerpt"].str.len_chars().to_list() == [2000]
