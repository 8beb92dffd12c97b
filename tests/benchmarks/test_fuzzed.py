"""Properties of everything that comes from outside: no crash, and the counts add up. A small budget of each."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.reliability import fuzzed
from tests.support.otlp import message, request, span

FEW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
TEXTS = st.text(st.characters(), max_size=40)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
TIMES = st.sampled_from(
    ["2026-01-05T08:00:00Z", "2026-01-05T08:00:60Z", "9999-12-31T23:59:59Z", "1.5", "", "2026-02-30T00:00:00Z"]
)
KEYS = (
    "insertId", "logName", "timestamp", "receiveTimestamp", "severity", "resource", "labels", "httpRequest", "trace",
    "spanId", "textPayload", "jsonPayload", "protoPayload", "sourceLocation", "operation",
)  # fmt: skip
ENTRIES = st.fixed_dictionaries(
    {"timestamp": TIMES | JSON, "logName": TEXTS, "textPayload": TEXTS},
    optional={key: JSON for key in KEYS if key not in {"timestamp", "logName", "textPayload"}},
)
SPANS = st.fixed_dictionaries(
    {"traceId": st.just("0a" * 16) | JSON, "spanId": st.just("0b" * 8) | JSON},
    optional=dict.fromkeys(
        ("name", "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes", "events", "links", "status"), JSON
    ),
)


@FEW
@given(st.lists(ENTRIES.map(json.dumps) | JSON.map(json.dumps) | TEXTS, min_size=1, max_size=6))
def test_each_log_entry_is_a_row_or_a_dead_letter(texts: list[str]) -> None:
    fuzzed.log_entries([text.encode("utf-8", "replace").decode() for text in texts])


@FEW
@given(st.lists(ENTRIES.map(json.dumps) | TEXTS, max_size=4).map("\n".join) | st.binary(max_size=200))
def test_any_file_is_read_or_told_as_none_of_ours(content: str | bytes) -> None:
    fuzzed.entries_file(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))


@FEW
@given(st.lists(SPANS | JSON, max_size=3))
def test_each_span_of_a_json_request_is_counted(spans: list[Any]) -> None:
    fuzzed.otlp_json(json.dumps(request(*spans)).encode())


@FEW
@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=100), st.sampled_from(fuzzed.ENCODINGS))
def test_any_body_is_a_request_or_refused(body: bytes, encoding: str) -> None:
    fuzzed.otlp_json(body, encoding)


@FEW
@given(st.data())
def test_each_span_of_a_damaged_message_is_counted(data: st.DataObject) -> None:
    whole = message(request(span({"http.request.method": "GET"}), span({"k": "v"}, spanId="b7ad6b7169203332")))
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.integers(at, len(whole)))

    fuzzed.otlp_protobuf(whole[:at] + data.draw(st.binary(max_size=6)) + whole[cut:])


@FEW
@given(
    st.lists(TEXTS, max_size=3), st.sampled_from(["", "</testsuite>", "<", "]]>", "&x;", "\x00"]),
    st.sampled_from(["utf-8", "utf-16", "latin-1"]),
)  # fmt: skip
def test_each_case_of_a_test_report_is_counted(names: list[str], end: str, encoding: str) -> None:
    cases = "".join(f'<testcase name="{name}" time="{name}"><failure>{name}</failure></testcase>' for name in names)
    text = f'<?xml version="1.0" encoding="{encoding}"?><testsuite name="s" timestamp="{end}">{cases}{end}'

    fuzzed.junit(text.encode(encoding, "replace"))


@FEW
@given(
    st.dictionaries(
        st.sampled_from(["sources", "receive", "store", "digest", "schedule", "report", "events", "priority"]), JSON
    ).map(json.dumps)
    | TEXTS
)
def test_any_settings_load_or_are_told_to_be_wrong(text: str) -> None:
    fuzzed.config(text.encode("utf-8", "replace"))


@pytest.mark.parametrize("text", [b"- a", b"a: &x [*x]", b"\xff\xfe", b"!!python/object:os.system x", b"? [a]\n: b"])
def test_yaml_that_is_no_settings_is_told(text: bytes) -> None:
    fuzzed.config(text)
