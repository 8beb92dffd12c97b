"""The spans of the benchmark are the same in both of its files, and are read in columns."""

import struct
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from benchmarks.generate_spans import generate
from collector.collect import normalise
from collector.normalise.redact import Redactor
from collector.normalise.span_columns import read_spans
from collector.normalise.span_parts import SpanParts
from collector.sources.files import read_paths

REDACTOR = Redactor(b"k" * 32)


def rows(path: Path) -> pl.DataFrame:
    return pl.concat([normalise(raw, redactor=REDACTOR).spans for raw in read_paths([path])])


def test_both_files_hold_the_same_spans(tmp_path: Path) -> None:
    generate(tmp_path, spans=1030, seed=3)

    packed, lines = rows(tmp_path / "spans.pb"), rows(tmp_path / "spans.jsonl")

    assert packed.height == 1030
    assert packed["exception"].drop_nulls().len() > 0
    assert_frame_equal(packed, lines)


def test_none_of_its_messages_is_left_to_the_library(tmp_path: Path) -> None:
    generate(tmp_path, spans=50, seed=1)
    data = (tmp_path / "spans.pb").read_bytes()

    (size,) = struct.unpack_from(">I", data)

    assert not read_spans([data[4 : 4 + size]], SpanParts(REDACTOR)).is_odd.any()
