"""Bodies of requests: inflated up to a limit and never beyond; JSON is looked at before it is queued.

Whether a serialised message is one is said by whoever reads it, see intake.py: reading it twice would cost too much.
"""

import zlib
from collections.abc import Callable, Iterator

import orjson
import zstandard

from collector.normalise.surrogates import mend_surrogates
from collector.receiver.answers import JSON, Accepted, Code, Refusal

__all__ = ["ENCODINGS", "inflate", "malformed", "read_json", "too_large"]

ENCODINGS = ("identity", "gzip", "deflate", "zstd")
_CHUNK_BYTES = 65_536
_SPOON_BYTES = 512  # of zstd become 16 MiB at most
_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's window bits
_ZSTD_WINDOW = 8 * 2**20  # bytes of history a body may refer to


def inflate(body: bytes, encoding: str, *, limit: int, room: Callable[[int], None]) -> bytes:
    """The body without its compression. `room` is told of every piece before it is kept, and may raise.

    Raises Refusal when it is larger than `limit` (it is not inflated any further), cut short or damaged.
    """
    if encoding == "identity":
        return body
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in _pieces(body, encoding):
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            room(len(piece))
            pieces.append(piece)
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise malformed(f"the body is no whole {encoding}") from error
    return b"".join(pieces)


def read_json(body: bytes) -> str | Accepted:
    """The text of a request, or the answer to one without spans. Raises Refusal when it is no OTLP trace request.

    What the protocol does not know it ignores; who sends nothing else is told so. Nesting is bounded by the parser.
    """
    try:
        text = body.decode()
        try:
            request = orjson.loads(text)
        except orjson.JSONDecodeError:
            request = orjson.loads(mend_surrogates(text))
    except (UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise malformed("the body is no JSON") from error
    if not isinstance(request, dict):
        raise malformed("the body is no JSON object")
    resources = request.get("resourceSpans")
    if resources is not None and not isinstance(resources, list):
        raise malformed("resourceSpans is no list")
    if resources:
        return text
    is_odd = request and "resourceSpans" not in request
    return Accepted(reason="The body holds no resourceSpans, so that nothing is stored." if is_odd else "")


def too_large(limit: int) -> Refusal:
    """The refusal of a body beyond the limit."""
    told = f"The body is larger than {limit:,} bytes. Send fewer spans at once, or raise receive.max_body_mib."
    return Refusal(413, Code.RESOURCE_EXHAUSTED, told)


def malformed(what: str) -> Refusal:
    """The refusal of a body that is no OTLP trace request; `what` is wrong with it."""
    told = f"{what[0].upper()}{what[1:]}. Send an ExportTraceServiceRequest as application/x-protobuf or {JSON}."
    return Refusal(400, Code.INVALID_ARGUMENT, told)


def _pieces(body: bytes, encoding: str) -> Iterator[bytes]:
    """What the body inflates to, piece by piece; EOFError when it is cut short."""
    if encoding == "zstd":
        yield from _zstd_pieces(body)
        return
    bits = _GZIP if encoding == "gzip" else _deflate_bits(body)
    rest = body
    while rest:  # gzip may be several members, one behind the other
        member = zlib.decompressobj(bits)
        while not member.eof:
            piece = member.decompress(rest, _CHUNK_BYTES)
            if not piece and not member.eof and not member.unconsumed_tail:
                raise EOFError
            rest = member.unconsumed_tail
            yield piece
        rest = member.unused_data


def _zstd_pieces(body: bytes) -> Iterator[bytes]:
    """As `_pieces`; the library has no limit for what a piece becomes, so that it is fed by the spoon."""
    rest = memoryview(body)
    while rest:
        frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        while not frame.eof:
            if not rest:
                raise EOFError
            yield frame.decompress(rest[:_SPOON_BYTES])
            rest = rest[_SPOON_BYTES:]
        if frame.unused_data:
            rest = memoryview(bytes(frame.unused_data) + bytes(rest))


def _deflate_bits(body: bytes) -> int:
    """`deflate` is zlib's format (RFC 9110); some clients send it without its header."""
    is_zlib = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return _ZLIB if is_zlib else _RAW
