"""What decides an identity is read alike from one trace, however it was built, numbered, masked, escaped or nested."""

import json
import re

import polars as pl
import pytest

from classifiers.frames import Trace, read_trace
from classifiers.masks import mask
from tests.support.stacks import TRACES

_NAMES = sorted(TRACES)
_LINE_NUMBER = re.compile(r"(?<=line )\d+|(?<=[a-z>]:)\d+(?=\W|\Z)|(?<=\.php\()\d+|(?<=\d:)\d+(?=\))")


def leaves(trace: Trace | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    assert trace is not None
    return tuple((one.type, one.in_app(3)) for one in trace.leaves)


def masked(text: str) -> str:
    return str(mask(pl.Series([text]))[0])


@pytest.mark.parametrize("name", _NAMES)
class TestEachTrace:
    def test_its_language_and_leaf_causes_are_read(self, name: str) -> None:
        trace = read_trace(TRACES[name].text)

        assert trace is not None
        assert (trace.language, leaves(trace)) == (TRACES[name].language, TRACES[name].leaves)

    def test_other_line_numbers_change_nothing(self, name: str) -> None:
        moved = _LINE_NUMBER.sub("7", TRACES[name].text)

        assert leaves(read_trace(moved)) == TRACES[name].leaves

    def test_it_reads_alike_when_masked(self, name: str) -> None:
        assert leaves(read_trace(masked(TRACES[name].text))) == TRACES[name].leaves

    @pytest.mark.parametrize("levels", [1, 2, 3])
    def test_it_reads_alike_as_a_text_in_json(self, name: str, levels: int) -> None:
        text = TRACES[name].text
        for _ in range(levels):
            text = json.dumps(text, ensure_ascii=levels == 1)[1:-1]

        assert leaves(read_trace(text)) == TRACES[name].leaves

    def test_it_reads_alike_in_a_field_of_an_object_that_was_logged_as_text(self, name: str) -> None:
        text = json.dumps({"at": 'a "shop"', "stack": TRACES[name].text, "level": "error"}, ensure_ascii=False)

        assert leaves(read_trace(f"cannot pay {text}")) == TRACES[name].leaves
        assert leaves(read_trace(masked(text))) == TRACES[name].leaves

    def test_line_ends_of_windows_change_nothing(self, name: str) -> None:
        assert leaves(read_trace(TRACES[name].text.replace("\n", "\r\n"))) == TRACES[name].leaves

    @pytest.mark.parametrize(
        "folder", ["/workspace/", "/usr/src/app/", "/home/ann/", "C:\\build\\", "/srv/releases/20240101/"]
    )
    def test_the_folder_of_an_installation_does_not_count(self, name: str, folder: str) -> None:
        moved = re.sub(
            r"(?<![\w.])/(?:app|src|usr/src/app|var/www/html)/", folder.replace("\\", r"\\"), TRACES[name].text
        )

        assert leaves(read_trace(moved)) == TRACES[name].leaves

    @pytest.mark.parametrize("head", ["cannot pay", "2026-01-02 10:00:00,123 ERROR shop - cannot pay the order"])
    def test_a_line_of_a_logger_before_it_changes_nothing(self, name: str, head: str) -> None:
        told = TRACES[name].leaves
        if not told[0][0]:
            told = (("error", told[0][1]),)  # a stack without an exception is of the error that the line tells

        assert leaves(read_trace(f"{head}\n{TRACES[name].text}")) == told

    def test_cut_anywhere_it_tells_nothing_that_the_whole_does_not(self, name: str) -> None:
        lines = TRACES[name].text.split("\n")
        whole = read_trace(TRACES[name].text)
        assert whole is not None
        suppressed = {"com.shop.Res:close", "com.shop.Res:x"}  # not told, but left where what they stood in is cut off
        frames = {str(frame) for one in whole.chain for frame in one.frames if frame.is_in_app} | suppressed
        types = {one.type for one in whole.chain} | {"", "error", "RuntimeException"}

        for at in range(1, len(lines)):
            for part in (lines[:at], lines[at:]):
                rest = read_trace("\n".join(part))
                for one in rest.chain if rest else ():
                    assert one.type in types
                    assert {str(frame) for frame in one.frames if frame.is_in_app and frame.function} <= frames
