"""Any readable input as one stream of UTF-8 bytes: gzip and zstd unpacked, UTF-16 and UTF-32 recoded.

The byte order mark is cut; messages behind their lengths stay the bytes that they are.

What comes in: a path, or a binary file object. What goes out: bytes, in bounded pieces. Whether they are valid
UTF-8 is for the cutters to say; a stream that breaks off says so in `problem` and ends.
"""

import codecs
import re
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from collector.errors import SourceError
from collector.sources.messages import HEAD_BYTES, is_framed

__all__ = ["ByteStream", "open_stream"]

_CHUNK_BYTES = 256 << 10  # stays in the processor's cache
_STEP_BYTES = 16 << 10
_MAX_INFLATED_BYTES = 4 << 20  # per step, so that a file of zeros cannot fill the memory
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_STEP_BYTES = 512  # become 16 MiB at most
_ZSTD_WINDOW = 128 << 20  # bytes of history that a file may refer to: what `zstd --ultra -22` needs
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Without a mark: what we read begins with two characters of ASCII, and each other encoding fills them up with zeros.
_UNMARKED = tuple(
    (re.compile(pattern, re.DOTALL), name)
    for pattern, name in (
        (rb"[\t\n\r -~]\0[\t\n\r -~]\0", "utf-16-le"),
        (rb"\0[\t\n\r -~]\0[\t\n\r -~]", "utf-16-be"),
        (rb"[\t\n\r -~]\0\0\0", "utf-32-le"),
        (rb"\0\0\0[\t\n\r -~]", "utf-32-be"),
    )
)


class ByteStream:
    """UTF-8 bytes of one input. `bytes_read` counts the input's own (packed) bytes; `problem` is set at a bad end."""

    def __init__(self, file: BinaryIO, *, location: str) -> None:
        self.location = location
        self.bytes_read = 0
        self.problem: str | None = None
        self._file = file
        self._pieces: list[bytes] = []
        self._chunks = self._text(self._unpacked(self._raw()))

    def peek(self, size: int) -> bytes:
        """The first `size` bytes that `read` will give, fewer at the end."""
        self._fill(size)
        head = b"".join(self._pieces)
        self._pieces = [head] if head else []
        return head[:size]

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end, none after it. Raises SourceError when the disk fails."""
        self._fill(size)
        block = b"".join(self._pieces)
        rest = block[size:]
        self._pieces = [rest] if rest else []
        return block[:size] if rest else block

    def readinto(self, buffer: memoryview) -> int:
        """Fills the buffer, less only at the end; the number of bytes. Raises SourceError when the disk fails."""
        at = 0
        while at < len(buffer):
            piece = self._pieces.pop(0) if self._pieces else next(self._chunks, None)
            if piece is None:
                break
            fits = len(buffer) - at
            if len(piece) > fits:
                self._pieces.insert(0, piece[fits:])
                piece = piece[:fits]
            buffer[at : at + len(piece)] = piece
            at += len(piece)
        return at

    def close(self) -> None:
        """Closes the file below."""
        self._file.close()

    def _fill(self, size: int) -> None:
        held = sum(map(len, self._pieces))
        while held < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                return
            self._pieces.append(chunk)
            held += len(chunk)

    def _raw(self) -> Iterator[bytes]:
        try:
            while chunk := self._file.read(_CHUNK_BYTES):
                self.bytes_read += len(chunk)
                yield chunk
        except OSError as error:
            raise SourceError(
                f"Reading `{self.location}` failed: {error.strerror or error}. Check the disk and import it again."
            ) from error

    def _unpacked(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Chunks as they are, or the members of a gzip file one after the other."""
        first = _joined_head(chunks, len(_ZSTD))
        if first.startswith(_ZSTD):
            yield from self._frames(chain((first,), chunks))
            return
        if not first.startswith(_GZIP):
            yield first
            yield from chunks
            return
        # small steps: what a step unpacks before it meets the damage is lost with it
        whole = chain((first,), chunks)
        steps = (chunk[at : at + _STEP_BYTES] for chunk in whole for at in range(0, len(chunk), _STEP_BYTES))
        try:
            yield from self._members(next(steps), steps)
        except zlib.error:
            self.problem = "the gzip data is damaged from here on"

    def _members(self, waiting: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
        while waiting:
            member = zlib.decompressobj(wbits=31)
            while not member.eof:
                if not waiting:
                    waiting = next(chunks, b"")
                    if not waiting:
                        self.problem = "the gzip data ends early"
                        return
                if text := member.decompress(waiting, _MAX_INFLATED_BYTES):
                    yield text
                waiting = member.unconsumed_tail
            waiting = member.unused_data.lstrip(b"\0")
            while not waiting and (chunk := next(chunks, b"")):
                waiting = chunk.lstrip(b"\0")  # tape blocks are filled up with zeros
            if waiting and not _GZIP.startswith(waiting[:2]):
                self.problem = "there are other bytes behind the gzip data"
                return

    def _frames(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The frames of a zstd file one after the other."""
        import zstandard  # noqa: PLC0415 - few files need it

        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        frame = decompressor.decompressobj()
        is_open = False
        for chunk in chunks:
            for at in range(0, len(chunk), _ZSTD_STEP_BYTES):
                waiting = chunk[at : at + _ZSTD_STEP_BYTES]
                while waiting:
                    try:
                        text = frame.decompress(waiting)
                    except zstandard.ZstdError:
                        self.problem = "the zstd data is damaged from here on"
                        return
                    if text:
                        yield text
                    is_open, waiting = not frame.eof, frame.unused_data if frame.eof else b""
                    if frame.eof:
                        frame = decompressor.decompressobj()
        if is_open:
            self.problem = "the zstd data ends early"

    def _text(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """UTF-8 without byte order mark; lone surrogates of UTF-16 become bytes that are not UTF-8."""
        first = _joined_head(chunks, HEAD_BYTES)
        if is_framed(first):
            yield first
            yield from chunks
            return
        encoding = next((name for mark, name in _MARKS if first.startswith(mark)), None)
        encoding = encoding or next((name for pattern, name in _UNMARKED if pattern.match(first)), None)
        if encoding is None:
            yield first.removeprefix(codecs.BOM_UTF8)
            yield from chunks
            return
        decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        try:
            for chunk in chain((first,), chunks):
                yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
            decoder.decode(b"", final=True)
        except UnicodeError:
            self.problem = f"the {encoding.upper()} text is damaged from here on"


def open_stream(path: Path, *, location: str) -> ByteStream:
    """A stream over that file; SourceError when it cannot be opened."""
    try:
        return ByteStream(path.open("rb"), location=location)
    except FileNotFoundError as error:
        raise SourceError(f"There is no file `{location}`. Check the path.") from error
    except PermissionError as error:
        raise SourceError(f"`{location}` may not be read. Grant read permission on it.") from error
    except OSError as error:
        raise SourceError(f"`{location}` cannot be opened: {error.strerror or error}. Check the path.") from error


def _joined_head(chunks: Iterator[bytes], size: int) -> bytes:
    """The first chunk, with as many more as give it `size` bytes."""
    head = b""
    while len(head) < size and (chunk := next(chunks, b"")):
        head += chunk
    return head
