"""Lines of a stream as columns, cut block by block without a Python object per line.

What comes in: a stream of UTF-8 bytes. What goes out: cuts, each of one kind of record. Lines are not parsed here;
a line that is no JSON becomes a dead letter where it is normalised.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
import pyarrow as pa

from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA, Kind

__all__ = [
    "BLOCK_BYTES",
    "EXCERPT_CHARS",
    "MAX_RECORD_BYTES",
    "NOT_UTF8",
    "TOO_LARGE",
    "Cut",
    "Dead",
    "Readable",
    "cut_lines",
]

BLOCK_BYTES = 16 << 20  # below 32 MiB glibc gives the same memory again: half the cost of reading
MAX_RECORD_BYTES = 8 << 20
EXCERPT_CHARS = 4000  # twice what is kept, so that redaction sees a secret whole before the rest is cut off
TOO_LARGE = f"record larger than {MAX_RECORD_BYTES >> 20} MiB"
NOT_UTF8 = "not UTF-8"

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


@dataclass(frozen=True, slots=True)
class Dead:
    """A stretch that gave no record: its first line, why, and how it begins (not yet redacted)."""

    line: int
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Cut:
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


def cut_lines(stream: Readable) -> Iterator[Cut]:
    """Every line that is not blank, in order; line ends, also CR LF, are cut off. Memory: a few blocks."""
    line = 1
    rest = b""
    is_end = False
    while not is_end:
        block = stream.read(BLOCK_BYTES)
        is_end = len(block) < BLOCK_BYTES
        data = rest + block
        if is_end and data and not data.endswith(b"\n"):
            data += b"\n"
        end = data.rfind(b"\n") + 1
        if end:
            for cut in _cuts(data, end, line):
                line = cut.next_line
                yield cut
            rest = data[end:]
        elif len(data) > MAX_RECORD_BYTES:
            yield Cut("entries", _empty(), (Dead(line, TOO_LARGE, _excerpt(data)),), next_line=line + 1)
            rest = _skip_line(stream)
            line += 1
        else:
            rest = data


def _skip_line(stream: Readable) -> bytes:
    """Reads on behind the next line end; what was read beyond it."""
    while block := stream.read(BLOCK_BYTES):
        end = block.find(b"\n") + 1
        if end:
            return block[end:]
    return b""


def _cuts(data: bytes, end: int, first_line: int) -> Iterator[Cut]:
    """The cuts of whole lines, up to `end`, which is behind a line end; what follows is not copied off but ignored."""
    dead: list[Dead] = []
    if not data.isascii():
        data = _without_bad_utf8(data[:end], first_line, dead)
    ends = np.flatnonzero(np.frombuffer(data, np.uint8, end) == ord("\n")) + 1
    offsets = np.concatenate((np.zeros(1, np.int64), ends))
    if np.diff(offsets).max() > MAX_RECORD_BYTES:
        data, offsets = _without_large(data, offsets, first_line, dead)
    # from_buffers copies nothing; the line end stays with its line, where JSON takes it for white space
    texts = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
    raw = pl.Series("raw", pl.from_arrow(texts))
    frame = pl.DataFrame(
        {"line": pl.int_range(first_line, first_line + len(raw), dtype=pl.Int64, eager=True), "raw": raw}
    )
    if not raw.str.starts_with("{").all():
        frame = frame.filter(pl.col("raw").str.contains(r"\S"))
    yield from _by_kind(frame, dead, first_line + len(raw))


def _by_kind(frame: pl.DataFrame, dead: list[Dead], next_line: int) -> Iterator[Cut]:
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
    data: bytes, offsets: "np.ndarray[tuple[int], np.dtype[np.int64]]", first_line: int, dead: list[Dead]
) -> tuple[bytes, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """The same lines, those above the limit emptied and dead."""
    sizes = np.diff(offsets)
    parts: list[bytes] = []
    at = 0
    for index in np.flatnonzero(sizes > MAX_RECORD_BYTES).tolist():
        start, end = int(offsets[index]), int(offsets[index + 1])
        dead.append(Dead(first_line + index, TOO_LARGE, _excerpt(data[start:end])))
        parts += [data[at:start], b"\n"]
        at = end
        sizes[index] = 1
    shorter = b"".join([*parts, data[at:]])
    return shorter, np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))


def _excerpt(data: bytes) -> str:
    return data[:EXCERPT_CHARS].decode(errors="replace")


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema=RAW_SCHEMA)
