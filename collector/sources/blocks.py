"""Lines of a stream as columns, cut block by block without a Python object per line.

What comes in: a stream of UTF-8 bytes. What goes out: cuts, each of one kind of record. Lines are not parsed here;
a line that is no JSON becomes a dead letter where it is normalised.
"""

import codecs
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import polars as pl
import pyarrow as pa
from msgspec import Struct

from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA, Kind

__all__ = [
    "BLOCK_BYTES",
    "EXCERPT_CHARS",
    "MAX_RECORD_BYTES",
    "NOT_UTF8",
    "TOO_LARGE",
    "Cut",
    "Dead",
    "Fillable",
    "Readable",
    "by_kind",
    "cut_lines",
]

BLOCK_BYTES = 16 << 20  # below 32 MiB glibc gives the same memory again: half the cost of reading
MAX_RECORD_BYTES = 8 << 20
EXCERPT_CHARS = 4000  # twice what is kept, so that redaction sees a secret whole before the rest is cut off
TOO_LARGE = f"record larger than {MAX_RECORD_BYTES >> 20} MiB"
NOT_UTF8 = "not UTF-8"

_PIECE_BYTES = 256 << 10
_LINE_END = ord("\n")
_Offsets = np.ndarray[tuple[int], np.dtype[np.int64]]

# The first key tells OTLP and describe lines from log entries: the exporters write it first, entries never have it.
_KIND_KEYS = ["resourceSpans", "resourceLogs", "resourceMetrics", "apiVersion"]
_KIND_PATTERN = rf'^\s*\{{\s*"({"|".join(_KIND_KEYS)})"\s*:'
_HEAD_CHARS = 64  # where that key stands, with room for white space
_UNREAD = {
    "resourceLogs": "OTLP logs, which are not read from files; only traces are",
    "resourceMetrics": "OTLP metrics, which are not read; only traces are",
}


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""


class Fillable(Readable, Protocol):
    """A stream of bytes that fills memory given to it."""

    def readinto(self, buffer: memoryview) -> int:
        """Fills the buffer, less only at the end; the number of bytes."""


class Dead(Struct, frozen=True):
    """A stretch that gave no record: its first line, why, and how it begins (not yet redacted)."""

    line: int
    reason: str
    excerpt: str


class Cut(Struct, frozen=True):
    """Records of one kind, and what gave none. `recognised` counts records whose kind shows in their keys."""

    kind: Kind
    records: pl.DataFrame  # RAW_SCHEMA
    dead: tuple[Dead, ...] = ()
    recognised: int = 0
    next_line: int = 1

    def dead_frame(self, location: str) -> pl.DataFrame:
        """The dead letters as DEAD_LETTER_SCHEMA, excerpts not yet redacted."""
        rows = [(location, dead.line, dead.reason, dead.excerpt) for dead in self.dead]
        return pl.DataFrame(rows, schema=DEAD_LETTER_SCHEMA, orient="row")


def cut_lines(stream: Fillable) -> Iterator[Cut]:
    """Every line that is not blank, in order; line ends, also CR LF, are cut off. Memory: a few blocks."""
    line = 1
    rest = b""
    is_end = False
    while not is_end:
        data, size = _next_block(stream, rest)
        is_end = size < len(rest) + BLOCK_BYTES
        if is_end and size and data[size - 1] != _LINE_END:
            data[size] = _LINE_END
            size += 1
        end = data.rfind(b"\n", 0, size) + 1
        if end:
            rest = bytes(memoryview(data)[end:size])
            for cut in _cuts(data, end, line):
                line = cut.next_line
                yield cut
        elif size > MAX_RECORD_BYTES:
            yield Cut("entries", _empty(), (Dead(line, TOO_LARGE, _excerpt(data)),), next_line=line + 1)
            rest = _skip_line(stream)
            line += 1
        else:
            rest = bytes(memoryview(data)[:size])


def _next_block(stream: Fillable, rest: bytes) -> tuple[bytearray, int]:
    """What was left over with the next block behind it, and how far it is filled; one byte more may be added.

    Read in place: every further copy of a block costs as much as its reading.
    """
    data = bytearray(len(rest) + BLOCK_BYTES + 1)
    data[: len(rest)] = rest
    return data, len(rest) + stream.readinto(memoryview(data)[len(rest) : -1])


def _skip_line(stream: Readable) -> bytes:
    """Reads on behind the next line end; what was read beyond it."""
    while block := stream.read(BLOCK_BYTES):
        end = block.find(b"\n") + 1
        if end:
            return block[end:]
    return b""


def _cuts(data: bytes | bytearray, end: int, first_line: int) -> Iterator[Cut]:
    """The cuts of whole lines, up to `end`, which is behind a line end; what follows is not copied off but ignored."""
    dead: list[Dead] = []
    offsets = _line_starts(data, end)
    texts = _texts(data, offsets)
    if not data.isascii() and not _is_utf8(texts):
        texts = _texts(data := _without_bad_utf8(bytes(data[:end]), first_line, dead), offsets)
    if np.diff(offsets).max() > MAX_RECORD_BYTES:
        texts = _texts(*_without_large(data, offsets, first_line, dead))
    raw = pl.Series("raw", pl.from_arrow(texts))
    frame = pl.DataFrame(
        {"line": pl.int_range(first_line, first_line + len(raw), dtype=pl.Int64, eager=True), "raw": raw}
    )
    if not raw.str.starts_with("{").all():
        frame = frame.filter(pl.col("raw").str.contains(r"\S"))
    yield from by_kind(frame, dead, first_line + len(raw))


def _line_starts(data: bytes | bytearray, end: int) -> _Offsets:
    """Where each line begins, and `end`. Searched in pieces that stay in the processor's cache."""
    whole = np.frombuffer(data, np.uint8, end)
    ends = [np.flatnonzero(whole[at : at + _PIECE_BYTES] == _LINE_END) + (at + 1) for at in range(0, end, _PIECE_BYTES)]
    return np.concatenate((np.zeros(1, np.int64), *ends))


def _texts(data: bytes | bytearray, offsets: _Offsets) -> pa.LargeStringArray:
    """The lines; nothing is copied. The line end stays with its line, where JSON takes it for white space."""
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))


def _is_utf8(texts: pa.LargeStringArray) -> bool:
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def by_kind(frame: pl.DataFrame, dead: list[Dead], next_line: int) -> Iterator[Cut]:
    """One cut a kind; lines of kinds that are not read are dead."""
    heads = frame["raw"].str.slice(0, _HEAD_CHARS)
    key = heads.str.extract(_KIND_PATTERN, 1) if heads.str.contains_any(_KIND_KEYS).any() else None
    if key is None or key.null_count() == len(key):
        yield Cut("entries", frame, tuple(dead), len(frame), next_line)
        return
    unread = frame.with_columns(key=key).filter(pl.col("key").is_in(list(_UNREAD)))
    dead += [Dead(line, _UNREAD[name], raw[:EXCERPT_CHARS]) for line, raw, name in unread.iter_rows()]
    dead.sort(key=lambda letter: letter.line)
    kinds: tuple[tuple[Kind, pl.Series], ...] = (
        ("entries", key.is_null()),
        ("spans", key.eq_missing("resourceSpans")),
        ("specs", key.eq_missing("apiVersion")),
    )
    for kind, mask in kinds:
        records = frame.filter(mask)
        if len(records) or dead:
            yield Cut(kind, records, tuple(dead), len(records), next_line)
            dead = []


def _without_bad_utf8(data: bytes, first_line: int, dead: list[Dead]) -> bytes:
    """The same lines, those that are not UTF-8 blanked out and dead."""
    mended: bytearray | None = None
    at = 0
    line = first_line
    while True:
        try:
            codecs.utf_8_decode(memoryview(data)[at:], "strict", True)
        except UnicodeDecodeError as error:
            start = data.rfind(b"\n", 0, at + error.start) + 1
            end = data.find(b"\n", at + error.start)
            line += data.count(b"\n", at, start)
            dead.append(Dead(line, NOT_UTF8, _excerpt(data[start:end])))
            mended = mended if mended is not None else bytearray(data)
            mended[start:end] = b" " * (end - start)
            at, line = end + 1, line + 1
        else:
            return data if mended is None else bytes(mended)


def _without_large(
    data: bytes | bytearray, offsets: _Offsets, first_line: int, dead: list[Dead]
) -> tuple[bytes, _Offsets]:
    """The same lines, those above the limit emptied and dead."""
    sizes = np.diff(offsets)
    parts: list[bytes | bytearray] = []
    at = 0
    for index in np.flatnonzero(sizes > MAX_RECORD_BYTES).tolist():
        start, end = int(offsets[index]), int(offsets[index + 1])
        dead.append(Dead(first_line + index, TOO_LARGE, _excerpt(data[start:end])))
        parts += [data[at:start], b"\n"]
        at = end
        sizes[index] = 1
    shorter = b"".join([*parts, data[at:]])
    return shorter, np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))


def _excerpt(data: bytes | bytearray) -> str:
    return data[:EXCERPT_CHARS].decode(errors="replace")


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema=RAW_SCHEMA)
