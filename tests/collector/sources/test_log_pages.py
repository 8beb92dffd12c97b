"""A page of entries.list taken apart field by field, for answers that protobuf refuses as a whole."""

import pytest
from google.cloud.logging_v2.types import LogEntry
from hypothesis import given
from hypothesis import strategies as st

from collector.sources.log_pages import split_fields
from tests.support.log_entries import make_entry
from tests.support.logging_server import wire_field


@given(st.lists(st.tuples(st.integers(1, 15), st.binary(max_size=300)), max_size=8))
def test_fields_come_out_as_they_were_written(fields: list[tuple[int, bytes]]) -> None:
    message = b"".join(wire_field(number, content) for number, content in fields)

    assert list(split_fields(message)) == fields


def test_numbers_between_are_skipped() -> None:
    entry = make_entry("id-7", 1_767_600_000_000_000_000)
    entry.severity = 500
    entry.trace_sampled = True

    found = dict(split_fields(entry.SerializeToString()))

    assert found[4] == b"id-7"
    assert LogEntry.pb().FromString(entry.SerializeToString()).insert_id == "id-7"


@pytest.mark.parametrize("between", [b"\x09" + b"\0" * 8, b"\x0d" + b"\0" * 4, b"\x08\xff\x01"])
def test_every_kind_of_number_is_skipped(between: bytes) -> None:
    assert list(split_fields(between + wire_field(2, b"x"))) == [(2, b"x")]


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_end_it_and_do_not_raise(garbage: bytes) -> None:
    assert all(isinstance(content, bytes) for _, content in split_fields(garbage))
