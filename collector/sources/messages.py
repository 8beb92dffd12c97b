"""Framed messages of a stream: what the OpenTelemetry Collector's file exporter writes with `format: proto`, or packed.

What comes in: a stream of bytes, each message behind its length in four bytes, the highest first. What goes out: cuts,
as of lines. With `compression: zstd` each message is packed by itself and holds protobuf or JSON. A message above the
limit is a dead letter; where a length cannot be one, what follows cannot be told apart and is one dead letter.

Source of the format: opentelemetry-collector-contrib, exporter/fileexporter.
"""

import struct
from collections.abc import Iterator

import polars as pl

from collector.records import RAW_MESSAGE_SCHEMA, RAW_SCHEMA
from collector.sources.blocks import MAX_RECORD_BYTES, NOT_UTF8, TOO_LARGE, Cut, Dead, Readable, by_kind

__all__ = ["HEAD_BYTES", "cut_messages", "is_framed"]

HEAD_BYTES = 16  # that tell whether a stream is framed
_LENGTH = struct.Struct(">I")
_FIRST_FIELD = 0x0A  # resource_spans
_ZSTD = b"\x28\xb5\x2f\xfd"
_LONGEST = 64 << 20  # no message is longer, and no text begins with such a length in any encoding
_BLOCK_BYTES = 8 << 20  # of messages that are normalised together
_SKIPPED_BYTES = 1 << 20
_NO_LENGTH = "no length of a message: what follows is not read"
_CUT_SHORT = "the input ends in the middle of a message"
_DAMAGED = "damaged zstd data"


def is_framed(head: bytes) -> bool:
    """Whether a stream that begins so holds messages behind their lengths."""
    if len(head) <= _LENGTH.size:
        return False
    (size,) = _LENGTH.unpack_from(head)
    if head[_LENGTH.size : _LENGTH.size + len(_ZSTD)] == _ZSTD:
        return bool(len(_ZSTD) < size < _LONGEST)
    if head[_LENGTH.size] != _FIRST_FIELD or not 1 < size < _LONGEST:
        return False
    length, digits = _varint(head[_LENGTH.size + 1 :])
    return bool(digits) and 1 + digits + length <= size


def cut_messages(stream: Readable) -> Iterator[Cut]:
    """Every message, by its number from 1. Memory: a block, or the largest message that is read."""
    waiting = _Waiting()
    while head := stream.read(_LENGTH.size):
        waiting.number += 1
        size = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
        if len(head) < _LENGTH.size:
            waiting.die(_CUT_SHORT)
        elif size >= _LONGEST:
            waiting.die(_NO_LENGTH)
            break
        elif size > MAX_RECORD_BYTES:
            waiting.die(TOO_LARGE if _skip(stream, size) else _CUT_SHORT)
        else:
            waiting.add(stream.read(size), size)
        if waiting.bytes >= _BLOCK_BYTES:
            yield from waiting.take()
    yield from waiting.take()


class _Waiting:
    """Messages that were read and not yet given away."""

    def __init__(self) -> None:
        self.number = 0
        self.bytes = 0
        self._messages: list[tuple[int, bytes]] = []
        self._texts: list[tuple[int, str]] = []
        self._dead: list[Dead] = []

    def die(self, reason: str) -> None:
        """The message is a dead letter; of its bytes nothing is kept."""
        self._dead.append(Dead(self.number, reason, ""))

    def add(self, data: bytes, size: int) -> None:
        """A message that should be so long."""
        if len(data) < size:
            self.die(_CUT_SHORT)
            return
        if data.startswith(_ZSTD):
            unpacked = _unpacked(data)
            if isinstance(unpacked, str):
                self.die(unpacked)
                return
            data = unpacked
        self.bytes += len(data)
        if not data.startswith(b"{"):
            self._messages.append((self.number, data))
            return
        try:
            self._texts.append((self.number, data.decode()))
        except UnicodeDecodeError:
            self.die(NOT_UTF8)

    def take(self) -> Iterator[Cut]:
        """The cuts since the last call."""
        dead, self._dead = self._dead, []
        if self._messages or dead:
            messages = pl.DataFrame(self._messages, schema=RAW_MESSAGE_SCHEMA, orient="row")
            yield Cut("span_messages", messages, tuple(dead), messages.height, self.number + 1)
        if self._texts:
            yield from by_kind(pl.DataFrame(self._texts, schema=RAW_SCHEMA, orient="row"), [], self.number + 1)
        self._messages, self._texts, self.bytes = [], [], 0


def _unpacked(data: bytes) -> bytes | str:
    """The content of one zstd frame, or why there is none."""
    import zstandard  # noqa: PLC0415 - few files need it

    try:
        reader = zstandard.ZstdDecompressor(max_window_size=MAX_RECORD_BYTES).stream_reader(data)
        content = reader.read(MAX_RECORD_BYTES + 1)
    except zstandard.ZstdError:
        return _DAMAGED
    return TOO_LARGE if len(content) > MAX_RECORD_BYTES else content


def _skip(stream: Readable, size: int) -> bool:
    """Reads over so many bytes; False where the stream ends before."""
    while size and (block := stream.read(min(size, _SKIPPED_BYTES))):
        size -= len(block)
    return not size


def _varint(data: bytes) -> tuple[int, int]:
    """A number and how many digits it has; 0 digits where it does not end."""
    value = 0
    for index, byte in enumerate(data[:5]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            return value, index + 1
    return 0, 0
