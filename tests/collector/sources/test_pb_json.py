"""Protobuf as JSON: what google.protobuf.json_format gives, with whole numbers whole and nothing that raises."""

from typing import Any

import pytest
from google.cloud.logging_v2.types import LogEntry
from google.cloud.run_v2 import Revision
from google.protobuf import any_pb2, duration_pb2, json_format, struct_pb2, timestamp_pb2, wrappers_pb2
from hypothesis import given
from hypothesis import strategies as st

from collector.sources.pb_json import duration_text, entry_json, instant_text, message_json, struct_json
from tests.support.log_entries import make_entries, make_entry

NS = 1_000_000_000


def whole_numbers(value: Any) -> Any:
    """json_format gives every number of a Struct as float."""
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_entries_equal_the_official_json() -> None:
    for entry in make_entries(300, seed=3, start_ns=1_767_600_000 * NS, end_ns=1_767_603_600 * NS):
        assert entry_json(entry) == whole_numbers(json_format.MessageToDict(entry))


def test_every_field_of_an_entry_is_carried() -> None:
    entry = make_entry("a-1", 1_767_600_000 * NS + 120_000_000)
    entry.operation.id, entry.operation.producer, entry.operation.first = "op", "run.googleapis.com", True
    entry.source_location.file, entry.source_location.line, entry.source_location.function = "app/x.py", 12, "go"
    entry.split.uid, entry.split.index, entry.split.total_splits = "u", 1, 3
    entry.http_request.cache_hit = True
    entry.http_request.cache_fill_bytes = 2**40
    entry.http_request.latency.FromNanoseconds(12_000_000)
    entry.trace, entry.span_id, entry.trace_sampled = "projects/p/traces/" + "0" * 32, "0" * 16, True
    entry.severity = 800

    said = entry_json(entry)

    assert said == json_format.MessageToDict(entry)
    assert said["sourceLocation"]["line"] == "12"
    assert said["httpRequest"]["latency"] == "0.012s"
    assert said["timestamp"] == "2026-01-05T08:00:00.120Z"
    assert set(said) >= {field.json_name for field, _ in entry.ListFields()}


def test_an_audit_payload_is_decoded() -> None:
    entries = make_entries(2000, seed=1, start_ns=1_767_600_000 * NS, end_ns=1_767_603_600 * NS)
    audit = next(said for said in map(entry_json, entries) if "protoPayload" in said)["protoPayload"]

    assert audit["@type"] == "type.googleapis.com/google.cloud.audit.AuditLog"
    assert audit["methodName"] == "google.cloud.run.v2.Services.UpdateService"
    assert isinstance(audit["request"]["service"]["generation"], int)


def test_a_payload_of_an_unknown_type_keeps_its_name_and_not_its_bytes() -> None:
    entry = LogEntry.pb()(log_name="projects/p/logs/x")
    entry.proto_payload.type_url = "type.googleapis.com/somebody.elses.Message"
    entry.proto_payload.value = b"\x0a\x06secret"

    assert entry_json(entry)["protoPayload"] == {
        "@type": "type.googleapis.com/somebody.elses.Message",
        "undecodedBytes": 8,
    }


def test_a_payload_that_belies_its_type_does_not_raise() -> None:
    entry = LogEntry.pb()(log_name="projects/p/logs/x")
    entry.proto_payload.type_url = "type.googleapis.com/google.cloud.audit.AuditLog"
    entry.proto_payload.value = b"\xff\xff\xff"

    assert entry_json(entry)["protoPayload"]["undecodedBytes"] == 3


@pytest.mark.parametrize(
    ("number", "said"),
    [(7.0, 7), (-3.0, -3), (0.5, 0.5), (float("nan"), "NaN"), (float("inf"), "Infinity"), (float("-inf"), "-Infinity")],
)
def test_numbers_of_a_struct(number: float, said: Any) -> None:
    struct = struct_pb2.Struct()
    struct.fields["n"].number_value = number

    got = struct_json(struct)["n"]

    assert got == said
    assert type(got) is type(said)


def test_a_number_too_large_to_be_exact_stays_a_float() -> None:
    struct = struct_pb2.Struct()
    struct.fields["n"].number_value = 1e300

    assert struct_json(struct)["n"] == 1e300
    assert isinstance(struct_json(struct)["n"], float)


json_values = st.recursive(
    st.none() | st.booleans() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_structs_equal_the_official_json(values: dict[str, Any]) -> None:
    struct = struct_pb2.Struct()
    struct.update(values)

    assert struct_json(struct) == json_format.MessageToDict(struct)


@given(st.integers(-62_135_596_800, 253_402_300_799), st.integers(0, 999_999_999))
def test_instants_equal_the_official_json(seconds: int, nanos: int) -> None:
    stamp = timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos)

    assert instant_text(stamp) == stamp.ToJsonString()


def test_an_instant_out_of_range_does_not_raise() -> None:
    assert instant_text(timestamp_pb2.Timestamp(seconds=2**60)) == f"{2**60} s since 1970Z"


@given(st.integers(-315_576_000_000_000_000, 315_576_000_000_000_000))
def test_durations_equal_the_official_json(nanoseconds: int) -> None:
    duration = duration_pb2.Duration()
    duration.FromNanoseconds(nanoseconds)

    assert duration_text(duration) == duration.ToJsonString()


def test_a_revision_equals_the_official_json() -> None:
    revision = Revision(
        name="projects/p/locations/l/services/s/revisions/r",
        generation=4,
        labels={"commit": "abc"},
        create_time=timestamp_pb2.Timestamp(seconds=1_767_600_000),
        timeout=duration_pb2.Duration(seconds=300),
        max_instance_request_concurrency=80,
        scaling={"max_instance_count": 3},
        containers=[
            {
                "image": "europe-docker.pkg.dev/p/r/i@sha256:00",
                "env": [
                    {"name": "MODE", "value": "stage"},
                    {"name": "KEY", "value_source": {"secret_key_ref": {"secret": "s", "version": "3"}}},
                ],
                "resources": {"limits": {"cpu": "1"}, "cpu_idle": True},
                "ports": [{"container_port": 8080}],
            }
        ],
        conditions=[{"type_": "Ready", "state": 4, "revision_reason": 1}],
        launch_stage=4,
    )
    raw = Revision.pb(revision)

    assert message_json(raw) == json_format.MessageToDict(raw)
    assert message_json(raw)["containers"][0]["env"][1]["valueSource"]["secretKeyRef"]["version"] == "3"
    assert message_json(raw)["generation"] == "4"


@pytest.mark.parametrize(
    "inner",
    [
        duration_pb2.Duration(seconds=3),
        wrappers_pb2.Int64Value(value=5),
        wrappers_pb2.BytesValue(value=b"ab"),
        wrappers_pb2.BoolValue(value=True),
        struct_pb2.ListValue(values=[struct_pb2.Value(bool_value=True), struct_pb2.Value(null_value=0)]),
    ],
)
def test_well_known_types_inside_an_any_equal_the_official_json(inner: Any) -> None:
    packed = any_pb2.Any()
    packed.Pack(inner)

    assert message_json(packed) == json_format.MessageToDict(packed)
