"""Files of the Collector's file exporter, packed or not, are found by content and read message by message."""

import gzip
import json
import struct
from pathlib import Path

import polars as pl
import pytest
import zstandard

from collector.collect import normalise
from collector.errors import NormaliseError
from collector.normalise.redact import Redactor
from collector.records import Batch
from collector.sources.blocks import MAX_RECORD_BYTES, TOO_LARGE
from collector.sources.files import find_files, read_files
from tests.support.otlp import Json, message, request, span

REDACTOR = Redactor(b"k" * 32)


def content(number: int) -> Json:
    return request(span({"n": number}, spanId=f"{number:016x}"))


def framed(*messages: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(one)) + one for one in messages)


def read(path: Path, data: bytes) -> list[Batch]:
    path.write_bytes(data)
    return [normalise(raw, redactor=REDACTOR) for raw in read_files(find_files([path]))]


def told(batches: list[Batch]) -> tuple[list[str], list[tuple[int, str]]]:
    """Span ids, and line and reason of dead letters."""
    spans = pl.concat([batch.spans for batch in batches])["span"].to_list()
    dead = pl.concat([batch.dead for batch in batches]).select("line", "reason").rows()
    assert sum(batch.read for batch in batches) == len(spans) + len(dead)
    return [span.lstrip("0") for span in spans], dead


MESSAGES = [message(content(number)) for number in (1, 2, 3)]
ZSTD = zstandard.ZstdCompressor()
FILES = {
    "proto": framed(*MESSAGES),
    "proto.gz": gzip.compress(framed(*MESSAGES)),
    "proto.zst": ZSTD.compress(framed(*MESSAGES)),
    "each message packed": framed(*map(ZSTD.compress, MESSAGES)),
    "each text packed": framed(*(ZSTD.compress(json.dumps(content(n)).encode()) for n in (1, 2, 3))),
    "lines": b"".join(json.dumps(content(n)).encode() + b"\n" for n in (1, 2, 3)),
    "lines.zst": ZSTD.compress(b"".join(json.dumps(content(n)).encode() + b"\n" for n in (1, 2, 3))),
    "frames.zst": b"".join(ZSTD.compress(json.dumps(content(n)).encode() + b"\n") for n in (1, 2, 3)),
    "documents": b"".join(json.dumps(content(n), indent=2).encode() + b"\n" for n in (1, 2, 3)),
}


@pytest.mark.parametrize("name", FILES)
def test_every_form_gives_the_same_spans(tmp_path: Path, name: str) -> None:
    assert told(read(tmp_path / "traces-2026-01-01T00-00-00.000.x", FILES[name])) == (["1", "2", "3"], [])


def test_a_file_cut_short_keeps_the_messages_before(tmp_path: Path) -> None:
    spans, dead = told(read(tmp_path / "f", framed(*MESSAGES)[:-5]))

    assert (spans, dead) == (["1", "2"], [(3, "the input ends in the middle of a message")])


def test_a_length_cut_short_is_told(tmp_path: Path) -> None:
    assert told(read(tmp_path / "f", framed(*MESSAGES) + b"\0\0"))[1] == [
        (4, "the input ends in the middle of a message")
    ]


def test_a_zstd_file_cut_short_is_told(tmp_path: Path) -> None:
    packed = ZSTD.compress(FILES["lines"])

    assert "the zstd data ends early" in str(told(read(tmp_path / "f", FILES["frames.zst"] + packed[:-9]))[1])


def test_damaged_zstd_data_is_told(tmp_path: Path) -> None:
    assert "damaged from here on" in str(told(read(tmp_path / "f", FILES["frames.zst"] + b"rubbish rubbish"))[1])


def test_what_is_no_length_ends_the_reading_and_says_so(tmp_path: Path) -> None:
    spans, dead = told(read(tmp_path / "f", framed(MESSAGES[0]) + b"\xff" * 2000))

    assert (spans, dead) == (["1"], [(2, "no length of a message: what follows is not read")])


def test_a_message_above_the_limit_costs_itself_alone(tmp_path: Path) -> None:
    huge = message(request(span({"x": "y" * MAX_RECORD_BYTES})))

    spans, dead = told(read(tmp_path / "f", framed(MESSAGES[0], huge, MESSAGES[1])))

    assert (spans, dead) == (["1", "2"], [(2, TOO_LARGE)])


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = ZSTD.compress(b"\x0a" + bytes(1 << 28))

    spans, dead = told(read(tmp_path / "f", framed(MESSAGES[0], bomb)))

    assert (spans, dead) == (["1"], [(2, TOO_LARGE)])


def test_a_packed_message_that_is_damaged_costs_itself_alone(tmp_path: Path) -> None:
    packed = [ZSTD.compress(one) for one in MESSAGES]
    packed[1] = packed[1][:8] + b"\xff" * 20

    spans, dead = told(read(tmp_path / "f", framed(*packed)))

    assert (spans, [line for line, _ in dead]) == (["1", "3"], [2])


@pytest.mark.parametrize("kind", ["resourceLogs", "resourceMetrics"])
def test_lines_of_other_signals_are_counted_with_their_reason(tmp_path: Path, kind: str) -> None:
    lines = [json.dumps(content(1)), json.dumps({kind: []}), json.dumps(content(2))]

    spans, dead = told(read(tmp_path / "f", "\n".join(lines).encode()))

    assert spans == ["1", "2"]
    ((line, reason),) = dead
    assert (line, "not read" in reason) == (2, True)


def test_other_binary_files_are_no_messages(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\x00\x00\x00\x10\x89PNG" + bytes(100))

    with pytest.raises(NormaliseError, match="is a binary file"):
        find_files([tmp_path / "f"])
