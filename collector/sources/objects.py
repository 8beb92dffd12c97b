"""JSON objects of a stream that are not one a line: arrays, pretty-printed, concatenated, or inside other objects.

What comes in: a stream of UTF-8 bytes. What goes out: cuts, each of one kind; a record is handed on as one JSON text
without line ends. A stretch that is no JSON becomes one dead letter and reading goes on at the next start of a record,
known by the indentation, else by the first key, that records have in this stream. Memory: a few blocks.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl
from msgspec import Struct, field

from collector.records import RAW_SCHEMA, Kind
from collector.sources.blocks import (
    BLOCK_BYTES,
    EXCERPT_CHARS,
    MAX_RECORD_BYTES,
    NOT_UTF8,
    TOO_LARGE,
    Cut,
    Dead,
    Readable,
)

__all__ = ["cut_objects"]

_BLOCK_BYTES = 4 << 20
_KEPT_CHARS = 4096  # of a skipped stretch, so that a start on the border of two blocks is seen
_GAP = re.compile(r"[\s,:\ufeff]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FIRST_KEY = re.compile(r'\{\s*("(?:[^"\\]|\\.)*")\s*:')
_ANY_START = re.compile(r'(?=\{\s*")|\n[ \t]*(?=[\[{])')
_MAX_WAITING = 100  # objects of no known kind at the head of an array, kept until it is known whether it holds records
_CUT_SHORT = 16  # an error this near to the end of the text may be the end's own
_UNREAD = {
    "logs": "OTLP logs, which are not read from files; only traces are",
    "metrics": "OTLP metrics, which are not read; only traces are",
}
_KINDS: tuple[Kind, ...] = ("entries", "spans", "specs")
# json and not orjson, because it says where an object ends; its C scanner reads 280 MB/s of pretty-printed entries
_DECODER = json.JSONDecoder()

KindOf = Callable[[Mapping[str, Any]], str | None]


def cut_objects(stream: Readable, *, kind_of: KindOf, is_wrapped: bool) -> Iterator[Cut]:
    """Every object of the stream as a record of its kind, entries where the kind does not show.

    `is_wrapped`: the objects at the top hold arrays of records; arrays whose first object is of no known kind are
    passed over. Records above the limit, bad stretches and arrays cut short are dead letters with their line.
    """
    scan = _Scan(stream, kind_of, is_wrapped=is_wrapped)
    while scan.fill():
        while scan.step():
            pass
        if scan.is_full:
            yield from scan.take()
    scan.finish()
    yield from scan.take()


class _Container(Struct):
    """An open array or object. In wrapped inputs `waiting` objects are records once one of a known kind follows."""

    is_array: bool
    holds_records: bool = False
    waiting: list[tuple[int, str]] = field(default_factory=list)


class _Found(Struct):
    """What was cut since the last `take`."""

    rows: dict[Kind, list[tuple[int, str]]] = field(default_factory=lambda: {kind: [] for kind in _KINDS})
    dead: list[Dead] = field(default_factory=list)
    recognised: int = 0
    chars: int = 0


class _Scan:
    """One pass over a stream: the text not yet cut, the place in it, and the containers that are open there."""

    def __init__(self, stream: Readable, kind_of: KindOf, *, is_wrapped: bool) -> None:
        self._stream = stream
        self._kind_of = kind_of
        self._is_wrapped = is_wrapped
        # surrogateescape keeps bytes that are not UTF-8 apart until their record is known
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        self._counted = 0
        self._line = 1
        self._is_end = False
        self._open: list[_Container] = []
        self._found = _Found()
        self._start_pattern: re.Pattern[str] | None = None  # while skipping: what a record begins with

    def fill(self) -> bool:
        """Reads on; False when all is read and cut."""
        if self._is_end:
            return False
        line_end = self._text.rfind("\n", 0, self._at)
        kept = line_end if line_end >= 0 and self._at - line_end < _KEPT_CHARS else self._at  # the indent counts
        self._count_lines(kept)
        rest = self._text[kept:]
        block = self._stream.read(max(_BLOCK_BYTES, len(rest)))
        self._is_end = not block
        self._text = rest + self._decoder.decode(block, final=self._is_end)
        self._at -= kept
        self._counted -= kept
        return True

    def step(self) -> bool:
        """Cuts one thing more; False when more text is needed."""
        if self._start_pattern is not None and not self._skip():
            return False
        gap = _GAP.match(self._text, self._at)
        self._at = gap.end() if gap else self._at
        if self._at >= len(self._text):
            return False
        char = self._text[self._at]
        if char in "]}":
            self._close(is_array=char == "]")
        elif char == "[" or (char == "{" and self._descends()):
            self._open.append(_Container(is_array=char == "["))
            self._at += 1
        else:
            return self._cut()
        return True

    @property
    def is_full(self) -> bool:
        """Whether enough was cut for one batch."""
        return self._found.chars >= BLOCK_BYTES

    def take(self) -> Iterator[Cut]:
        """The cuts since the last call."""
        found, self._found = self._found, _Found()
        dead, recognised = tuple(found.dead), found.recognised
        for kind in _KINDS:
            if found.rows[kind] or dead:
                records = pl.DataFrame(found.rows[kind], schema=RAW_SCHEMA, orient="row")
                yield Cut(kind, records, dead, recognised, self._line)
                dead, recognised = (), 0

    def finish(self) -> None:
        """Says so when the stream ended inside an array or object."""
        if self._open and self._start_pattern is None:
            self._die(len(self._text), "the input ends before its closing bracket")

    def _descends(self) -> bool:
        """Whether an object here holds records instead of being one."""
        return self._is_wrapped and (not self._open or not self._open[-1].is_array)

    def _close(self, *, is_array: bool) -> None:
        if self._open and self._open[-1].is_array == is_array:
            self._open.pop()
            self._at += 1
        else:
            self._die(self._at + 1, "a closing bracket without its opening one")

    def _cut(self) -> bool:
        """The JSON value at this place; False when it goes on behind the text."""
        try:
            value, end = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            if not self._is_end and _may_be_cut_short(error, len(self._text)):
                return self._wait()
            is_end = _may_be_cut_short(error, len(self._text))
            self._bad("the input ends in the middle of a record" if is_end else f"not JSON: {error.msg}")
        except (RecursionError, ValueError):  # brackets nested beyond the stack, numbers of thousands of digits
            self._bad("not JSON that can be read: nested too deep, or a number too long")
        else:
            if not self._is_end and end == len(self._text):
                return self._wait()  # a number may go on
            self._keep(value, end)
        return True

    def _wait(self) -> bool:
        """Asks for more text, unless the value is above the limit already."""
        if len(self._text) - self._at <= MAX_RECORD_BYTES:
            return False
        self._bad(TOO_LARGE)
        return True

    def _keep(self, value: object, end: int) -> None:
        """A whole value: a record, or a key or scalar between records."""
        if not isinstance(value, dict):
            if not self._is_wrapped:
                self._die(end, "not a JSON object")
            self._at = end
            return
        kind = self._kind_of(value)
        if self._is_wrapped and self._open and not self._is_record_in(self._open[-1], kind, end):
            self._at = end
            return
        self._keep_record(kind, end)

    def _is_record_in(self, array: _Container, kind: str | None, end: int) -> bool:
        """Whether an array's object is a record: objects before the first of a known kind wait for it."""
        if kind is not None and not array.holds_records:
            array.holds_records = True
            self._found.rows["entries"] += array.waiting
            array.waiting = []
        elif not array.holds_records and len(array.waiting) < _MAX_WAITING:
            self._count_lines(self._at)
            raw = self._text[self._at : min(end, self._at + MAX_RECORD_BYTES)]
            array.waiting.append((self._line, _SURROGATE.sub("\ufffd", _on_one_line(raw))))
        return array.holds_records

    def _keep_record(self, kind: str | None, end: int) -> None:
        raw = self._text[self._at : end]
        self._found.recognised += kind is not None
        self._found.chars += len(raw)
        if kind in _UNREAD:
            self._die(end, _UNREAD[kind])
        elif len(raw) > MAX_RECORD_BYTES:
            self._die(end, TOO_LARGE)
        elif not raw.isascii() and _SURROGATE.search(raw):
            self._die(end, NOT_UTF8)
        else:
            self._count_lines(self._at)
            self._found.rows[_kind(kind)].append((self._line, _on_one_line(raw)))
            self._at = end

    def _bad(self, reason: str) -> None:
        """Gives up the value at this place; reading goes on at the next start of a record."""
        pattern = self._record_start()
        found = self._search(pattern, self._at + 1)
        self._die(found.end() if found else max(self._at + 1, len(self._text) - _KEPT_CHARS), reason)
        if not found:
            self._start_pattern = pattern

    def _record_start(self) -> re.Pattern[str]:
        """What the next record will look like: its opening as indented as this one's, else the same first key."""
        if self._text[self._at] != "{":
            return _ANY_START
        indent = self._text[self._text.rfind("\n", 0, self._at) + 1 : self._at]
        key = _FIRST_KEY.match(self._text, self._at)
        if not indent.strip() and (key is None or "\n" in key.group()):
            return re.compile(rf"\n{indent}(?=\{{)")
        same_key = rf"|(?=\{{\s*{re.escape(key.group(1))}\s*:)" if key else ""
        return re.compile(rf"\n[ \t]*(?=\{{){same_key}")

    def _search(self, pattern: re.Pattern[str], at: int) -> re.Match[str] | None:
        """The next start; text without any bracket is passed over 20 times faster than by the pattern."""
        if self._text.find("{", at) < 0 and self._text.find("[", at) < 0:
            return None
        return pattern.search(self._text, at)

    def _skip(self) -> bool:
        """Passes over text up to the next start of a record; False when more text is needed."""
        assert self._start_pattern is not None  # noqa: S101 - `step` asks first
        found = self._search(self._start_pattern, self._at)
        if found:
            self._at = found.end()
            self._start_pattern = None
            return True
        self._at = len(self._text) if self._is_end else max(self._at, len(self._text) - _KEPT_CHARS)
        return False

    def _die(self, end: int, reason: str) -> None:
        """The text from here to `end` is a dead letter."""
        self._count_lines(self._at)
        stretch = self._text[self._at : min(end, self._at + EXCERPT_CHARS)]
        excerpt = _SURROGATE.sub("\ufffd", stretch).rstrip(" \t\r\n,")
        self._found.dead.append(Dead(self._line, reason, excerpt))
        self._at = end

    def _count_lines(self, to: int) -> None:
        self._line += self._text.count("\n", self._counted, to)
        self._counted = max(self._counted, to)


def _on_one_line(raw: str) -> str:
    """The JSON text without line ends: inside strings JSON allows none, so these stand between its parts."""
    return raw.replace("\r", " ").replace("\n", " ")


def _kind(kind: str | None) -> Kind:
    return kind if kind in {"spans", "specs"} else "entries"  # type: ignore[return-value] # a set does not narrow a str


def _may_be_cut_short(error: json.JSONDecodeError, size: int) -> bool:
    """Whether the value may only go on behind the text; an open string with a line end in it is an error by then."""
    return error.pos >= size - _CUT_SHORT or error.msg.startswith("Unterminated string")
