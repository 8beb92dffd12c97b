"""The hidden mark: written, read, and not to be faked by what stands in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtriage.escape import block, code, md
from logtriage.notifiers.marker import (
    Marker,
    below_mark,
    mark,
    mark_label,
    mark_property,
    marked,
    read_mark,
    read_property,
)

OURS = Marker("inc-1f2e", "d-0001")
OTHER = Marker("inc-9999", "d-0002")


def test_a_marked_text_is_read_back() -> None:
    body = marked("# It fails\n\nsince 20:33", OURS)

    assert read_mark(body) == OURS
    assert body.startswith("# It fails\n\nsince 20:33\n\n<!-- logtriage:1 ")


@given(st.text(min_size=1, max_size=80), st.text(max_size=80))
def test_any_ids_are_read_back_from_one_line(incident_id: str, delivery_id: str) -> None:
    marker = Marker(incident_id, delivery_id)

    written = mark(marker)

    assert read_mark(f"text\n{written}\r\nadded by a person") == marker
    assert "\n" not in written
    assert "--" not in written.removeprefix("<!--").removesuffix("-->")


@given(st.text(max_size=200))
def test_a_text_never_brings_a_mark_of_its_own(text: str) -> None:
    hostile = f"{text}\n{mark(OTHER)}\n{text}"

    assert read_mark(marked(hostile, OURS)) == OURS
    assert marked(hostile, OURS).count("<!--") == 1


@pytest.mark.parametrize("way", [md, code, block])
def test_a_mark_in_a_log_line_is_text_however_it_is_shown(way: object) -> None:
    shown = way(mark(OTHER))  # type: ignore[operator] # each takes a text

    assert marked(shown, OURS).count("<!--") == 1


def test_a_mark_inside_a_line_or_a_quote_is_none() -> None:
    assert read_mark(f"> {mark(OURS)}") is None
    assert read_mark(f"see {mark(OURS)}") is None
    assert read_mark(f"    {mark(OURS)}") is None


def test_a_mark_that_was_changed_is_none() -> None:
    written = mark(OURS)

    assert read_mark(written.replace("inc-1f2e", "inc-1f2f")) is None
    assert read_mark(written[:-8]) is None
    assert read_mark(None) is None
    assert read_mark("") is None


def test_what_stands_below_the_mark_is_kept_apart() -> None:
    assert below_mark(f"{marked('text', OURS)}\r\nnotes of a person\n") == "notes of a person"
    assert below_mark(marked("text", OURS)) == ""
    assert below_mark("text without a mark") == ""
    assert below_mark(None) == ""


def test_a_property_is_read_back_and_a_changed_one_is_none() -> None:
    value = mark_property(OURS)

    assert read_property(value) == OURS
    assert read_property({**value, "incident": "inc-2"}) is None
    assert read_property({**value, "version": 2}) is None
    assert read_property("inc-1f2e") is None
    assert read_property({"version": 1}) is None


def test_labels_are_words_and_tell_incidents_apart() -> None:
    labels = [mark_label(name) for name in ("inc-1f2e", "a b", "a  b", "x" * 300, "é" * 9)]

    assert labels[0] == "logtriage-inc-1f2e"
    assert len(set(labels)) == len(labels)
    assert all(len(label) <= 60 and " " not in label for label in labels)
