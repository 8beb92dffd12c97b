"""Every shape of a LogEntry becomes the same columns; what cannot becomes a dead letter with its reason."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.normalise.entries import NormalisedEntries, normalise_entries
from collector.normalise.redact import Redactor
from collector.records import ENTRY_SCHEMA
from tests.support.entries import log_entry, raw_records

AT_NS = 1789416000_123456789  # 2026-09-14T20:00:00.123456789Z


def normalised(*records: dict[str, Any] | str) -> NormalisedEntries:
    return normalise_entries(raw_records(*records), location="a.jsonl", redactor=Redactor(b"k" * 32))


def one(**changes: Any) -> dict[str, Any]:
    found = normalised(log_entry(**changes))
    assert found.dead.rows() == []
    return found.entries.row(0, named=True)


def test_a_text_entry_fills_its_columns() -> None:
    entry = one(textPayload="2026-09-14 20:00:00.1 | ERROR    | shop.db:save:15 | no luck")

    assert entry["project"] == "shop-staging"
    assert entry["service"] == "orders"
    assert entry["revision"] == "orders-00007-abc"
    assert entry["log"] == "stderr"
    assert (entry["severity"], entry["severity_given"]) == (17, 0)
    assert entry["logger"] == "shop.db:save"
    assert entry["instance"].startswith("0069c7a9")


def test_schema_is_the_contract() -> None:
    assert dict(normalised(log_entry()).entries.schema) == ENTRY_SCHEMA
    assert dict(normalised().entries.schema) == ENTRY_SCHEMA


@pytest.mark.parametrize(
    ("stamp", "at_ns"),
    [
        ("2026-09-14T20:00:00.123456789Z", AT_NS),
        ("2026-09-14T20:00:00.123456Z", AT_NS - 789),
        ("2026-09-14T20:00:00Z", AT_NS - 123456789),
        ("2026-09-14T22:00:00.123456789+02:00", AT_NS),
        ("2026-09-14 20:00:00.123456789+00:00", AT_NS),
        ("2026-09-14T20:00:00,123Z", AT_NS - 456789),
        ({"seconds": 1789416000, "nanos": 123456789}, AT_NS),
        (1789416000123, AT_NS - 456789),
        ("1789416000123456789", AT_NS),
    ],
)
def test_times_of_any_precision(stamp: Any, at_ns: int) -> None:
    assert one(timestamp=stamp)["at_ns"] == at_ns


def test_a_request_keeps_its_start_and_its_figures() -> None:
    entry = one(
        textPayload=None,
        severity="ERROR",
        logName="projects/p/logs/run.googleapis.com%2Frequests",
        httpRequest={
            "requestMethod": "POST", "requestUrl": "https://x.example/api/run?token=abc123#f", "status": 503,
            "latency": "1.882313967s", "userAgent": "pytest/8", "remoteIp": "203.0.113.9",
        },
        trace="projects/p/traces/0123456789ABCDEF0123456789abcdef",
        spanId="74",
    )  # fmt: skip

    assert entry["http_path"] == "/api/run"
    assert entry["http_status"] == 503
    assert entry["latency_ns"] == 1_882_313_967
    assert entry["trace"] == "0123456789abcdef0123456789abcdef"
    assert entry["span"] == "000000000000004a"
    assert entry["message"] is None
    assert entry["severity"] == 17
    assert isinstance(entry["client"], int)


def test_structured_payload_is_kept_and_told() -> None:
    entry = one(
        textPayload=None,
        jsonPayload={"msg": "boom for a@b.example", "level": "error", "context": {"name": "shop.run"}, "password": "x"},
    )

    assert entry["severity"] == 17
    assert entry["message"].startswith("boom for <email:")
    assert entry["logger"] == "shop.run"
    assert json.loads(entry["payload"])["password"] == "<secret>"


def test_pino_numbers_are_pinos() -> None:
    assert one(textPayload=None, jsonPayload={"level": 30, "time": 1, "msg": "up"})["severity"] == 9
    assert one(textPayload=None, jsonPayload={"level": 30, "msg": "slow"})["severity"] == 13


def test_the_level_in_the_text_beats_a_severity_that_lies() -> None:
    entry = one(textPayload="INFO:     started", severity="ERROR")

    assert (entry["severity"], entry["severity_given"]) == (9, 17)


def test_colours_and_unrendered_tags_are_cut() -> None:
    assert one(textPayload="\x1b[31mred\x1b[0m <red>alert</red> a < b </div>")["message"] == "red alert a < b </div>"


def test_missing_fields_are_no_reason_to_lose_an_entry() -> None:
    bare = {"timestamp": "2026-09-14T20:00:00Z", "severity": "ERROR", "jsonPayload": {"a": 1}}
    found = normalised(bare, {"timestamp": "2026-09-14T20:00:00Z"})

    assert found.dead.height == 0
    assert found.entries["service"].to_list() == ["", ""]
    assert found.entries["message"].to_list() == ['{"a":1}', None]


def test_identity_without_insert_id_is_the_content_whatever_the_order_of_keys() -> None:
    first = normalised({"timestamp": "2026-09-14T20:00:00Z", "textPayload": "a"}).entries
    second = normalised('{"textPayload": "a",   "timestamp": "2026-09-14T20:00:00Z"}').entries
    other = normalised({"timestamp": "2026-09-14T20:00:00Z", "textPayload": "b"}).entries

    assert first["insert_id"][0].startswith("h:")
    assert first["insert_id"][0] == second["insert_id"][0] != other["insert_id"][0]


def test_keys_of_client_objects_are_understood() -> None:
    record = {
        "insert_id": "x1",
        "log_name": "projects/p/logs/run.googleapis.com%2Fstdout",
        "timestamp": "2026-09-14T20:00:00Z",
        "text_payload": "hi",
        "severity": "WARNING",
        "json_payload": None,
    }

    entry = normalised(record).entries.row(0, named=True)

    assert (entry["insert_id"], entry["log"], entry["message"], entry["project"]) == ("x1", "stdout", "hi", "p")


def test_trace_named_in_a_text_is_found() -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"

    assert one(textPayload=f"GET /x 200 trace_id={trace}")["trace"] == trace


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("{broken", "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ("42", "not a JSON object"),
        ({"textPayload": "no time"}, "no timestamp"),
        ({"timestamp": "yesterday", "textPayload": "x"}, "timestamp `yesterday` is not a time"),
        ({"timestamp": "2026-13-45T99:00:00Z"}, "timestamp `2026-13-45T99:00:00Z` is not a time"),
    ],
)
def test_a_bad_record_is_a_dead_letter_and_the_rest_goes_in(record: dict[str, Any] | str, reason: str) -> None:
    found = normalised(log_entry(), record, log_entry())

    assert found.entries.height == 2
    assert found.dead.select("location", "line", "reason").rows() == [("a.jsonl", 2, reason)]


def test_dead_letters_are_redacted() -> None:
    found = normalised('{"textPayload": "password=hunter2", broken')

    assert "hunter2" not in found.dead["excerpt"][0]


def test_wrong_types_do_no_harm() -> None:
    odd = log_entry(labels="x", resource=[1], httpRequest="y", jsonPayload=[1], severity={"a": 1}, errorGroups={})

    assert normalised(odd).entries.height == 1


@pytest.mark.parametrize(
    "record",
    [
        {"timestamp": "2026-09-14T20:00:00Z", "jsonPayload": json.loads("[" * 600 + "]" * 600)},
        log_entry(spanId="1" * 5000),
        {"timestamp": {"seconds": "1" * 5000}},
        {"timestamp": {"seconds": "x"}},
        {"timestamp": {"seconds": 1, "nanos": -5}},
        {"timestamp": 10**30},
    ],
)
def test_no_record_stops_a_batch(record: dict[str, Any]) -> None:
    found = normalised(log_entry(), record)

    assert found.entries.height + found.dead.height == 2
    assert "no timestamp" not in found.dead["reason"].to_list()


def test_no_column_keeps_a_secret() -> None:
    planted = "ann@shop.example"
    resource = {"type": planted, "labels": {"project_id": planted, "service_name": planted, "revision_name": planted,
                                            "location": planted}}  # fmt: skip
    found = normalised(
        log_entry(insertId=planted, resource=resource, labels={"instanceId": planted}, errorGroups=[{"id": planted}]),
        log_entry(
            textPayload=None, jsonPayload={"message": "m", "logger": planted}, logName=f"projects/p/logs/{planted}"
        ),
        log_entry(httpRequest={"requestMethod": planted, "requestUrl": f"/u/{planted}", "userAgent": planted}),
        {"timestamp": planted, "textPayload": "x"},
        {"timestamp": "no", "protoPayload": {"env": [{"name": "MODE", "value": planted}]}},
    )

    assert found.entries.height == 3
    assert planted not in json.dumps(found.entries.rows() + found.dead.rows(), default=str)


def test_an_audit_entry_keeps_no_configuration_value() -> None:
    entry = log_entry(
        textPayload=None,
        logName="projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        protoPayload={
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "methodName": "google.cloud.run.v1.Services.ReplaceService",
            "serviceName": "run.googleapis.com",
            "resourceName": "namespaces/p/services/orders",
            "authenticationInfo": {"principalEmail": "ann@shop.example"},
            "request": {"service": {"metadata": {"name": "orders"}, "spec": {"template": {"spec": {"containers": [
                {"image": "x", "env": [{"name": "MODE", "value": "planted-value-1"}]}]}}}}},
        },
    )  # fmt: skip

    found = normalised(entry)

    told = json.dumps(found.entries.rows() + found.facts.rows(), default=str)
    assert "planted-value-1" not in told
    assert "ann@shop.example" not in told
    assert "ReplaceService" in found.entries["message"][0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["timestamp", "severity", "textPayload", "jsonPayload", "protoPayload", "httpRequest", "resource", "labels",
        "insertId", "trace", "spanId", "logName", "errorGroups", "receiveTimestamp"]  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8) | st.text(max_size=30), max_size=6))
@settings(max_examples=80, deadline=None)
def test_whatever_comes_in_is_an_entry_or_a_dead_letter(records: list[dict[str, Any] | str]) -> None:
    frame = raw_records(*records)

    found = normalise_entries(frame, location="x", redactor=Redactor(b"k" * 32))

    assert found.entries.height + found.dead.height == frame.height
    assert isinstance(found.entries, pl.DataFrame)


def test_records_of_one_line_are_told_apart() -> None:
    texts = [{"timestamp": f"2026-01-01T00:00:0{second}Z", "textPayload": f"made {second}"} for second in range(3)]
    audits = [
        {"timestamp": "2026-01-01T00:00:09Z", "insertId": name,
         "protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "methodName": name}}
        for name in ("first", "second")
    ]  # fmt: skip
    records = raw_records(*texts, *audits, {"timestamp": "never"}, {"timestamp": "neither"})

    found = normalise_entries(records.with_columns(line=pl.lit(1)), location="a.json", redactor=Redactor(b"k" * 32))

    assert found.entries["message"].to_list() == [
        "made 0", "made 1", "made 2", "first: requested", "second: requested"
    ]  # fmt: skip
    assert found.entries["insert_id"].n_unique() == 5
    assert found.dead["excerpt"].to_list() == ['{"timestamp": "never"}', '{"timestamp": "neither"}']


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"cut \ud83d", "cut \ufffd"),
        (r"\uDE00 tail", "\ufffd tail"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\\ud83d \ud83d", r"\ud83d" + " \ufffd"),
    ],
)
def test_half_a_surrogate_pair_does_not_cost_the_entry(written: str, read: str) -> None:
    broken = json.dumps(log_entry(textPayload="HERE")).replace("HERE", written)

    found = normalised(log_entry(insertId="before"), broken, log_entry(insertId="after"), '{"cut": "\\ud83d')

    assert found.entries["message"][1] == read
    assert found.entries.height == 3
    assert found.dead["reason"].to_list() == ["not JSON"]


@pytest.mark.parametrize(
    "payload",
    [
        {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {"otelTraceID": "0af7651916cd43dd8448eb211c80319c", "otelSpanID": "b7ad6b7169203331"},
    ],
)
def test_trace_and_span_of_a_payload_are_read_as_opentelemetry_writes_them(payload: dict[str, str]) -> None:
    told = one(jsonPayload={"message": "paid", **payload})

    assert (told["trace"], told["span"]) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
