"""Serialised OTLP trace requests -> spans as columns, without a Python object a span.

What comes in: messages. What goes out: the spans of those that are as every exporter writes them, unredacted, and which
are not: a message with anything unusual in it (an id of another length, an attribute given twice, fields out of place,
text that is not UTF-8) is odd as a whole and left to span_messages.py, whose rows these equal. Values of lists and
objects, events, links and resources are few and read by the protobuf library.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa
from msgspec import Struct

from collector.normalise.semconv import CALLED, CLIENT_ADDRESSES, PEER_IPS
from collector.normalise.span_lookup import (
    BAD,
    BOOL,
    DOUBLE,
    INT,
    NULL,
    OTHER,
    STRING,
    Attributes,
    Lookup,
    told_columns,
)
from collector.normalise.span_parts import SpanParts
from collector.normalise.text_views import Buffers, Views, empty_views
from collector.normalise.wire import FIXED32, FIXED64, LEN, VARINT, Fields, Ints, Wire, varints

__all__ = ["ReadSpans", "read_spans"]

Flags = npt.NDArray[np.bool_]

_SPACE, _QUOTE, _BACKSLASH, _ASCII_END = 0x20, 0x22, 0x5C, 0x80  # below the first are those that JSON escapes
_KEY, _VALUE = 0x0A, 0x12  # KeyValue's tags
_CONTINUES = 0x80  # a digit of a number that goes on; a length from here on has two digits
_FEW_NAMES = 1 << 16  # that two bytes tell apart
_MOST_MARKS = 1 << 25  # bytes
_KINDS = 6
_STATUSES = 3
_TRACE_BYTES, _SPAN_BYTES = 16, 8
# AnyValue's tags, by the type of the value behind each
_TYPES = np.full(256, BAD, np.uint8)
_TYPES[[0x0A, 0x10, 0x18, 0x21, 0x2A, 0x32, 0x3A]] = [STRING, BOOL, INT, DOUBLE, OTHER, OTHER, OTHER]
_HEX = np.frombuffer(bytes.fromhex("".join(f"{byte:02x}".encode().hex() for byte in range(256))), np.uint16)
_FIRST, _AFTER_TEXT, _AFTER_PLAIN = range(3)
_OPENS = (b"{", b'",', b",")
_CLOSES = (b"{}", b'"}', b"}")


class ReadSpans(Struct, frozen=True):
    """Spans (the columns of SPAN_SCHEMA that a span itself tells), the message of each, and which messages are odd."""

    columns: dict[str, pl.Series]
    message: Ints
    resource: Ints  # index into `resources`
    resources: list[bytes]
    is_odd: Flags  # per message; the spans of these must not be used


class _OddError(Exception):
    """That no message of a batch can be read in columns."""


def read_spans(messages: Sequence[bytes], parts: SpanParts) -> ReadSpans:
    """The spans of all messages in their order."""
    reading = _Reading(messages, parts)
    try:
        return reading.read()
    except _OddError:
        nothing = np.zeros(0, np.int64)
        return ReadSpans({}, nothing, nothing, [], np.ones(len(messages), np.bool_))


class _Level(Struct, frozen=True):
    """Messages of one level: where each lies and which message of the level above it is in."""

    start: Ints
    end: Ints
    above: Ints


class _Reading:
    """One pass over a batch of messages."""

    def __init__(self, messages: Sequence[bytes], parts: SpanParts) -> None:
        self._parts = parts
        self._wire = Wire(b"".join(messages))
        sizes = np.fromiter(map(len, messages), np.int64, len(messages))
        ends = np.cumsum(sizes)
        self._messages = _Level(ends - sizes, ends, np.arange(len(messages)))
        self._is_odd = np.zeros(len(messages), np.bool_)
        self._buffers = Buffers()
        self._main = self._buffers.add(self._wire.padded)

    def read(self) -> ReadSpans:
        messages = self._messages
        top = self._walk(messages, messages.above)
        resources = _level(top.of(1, LEN))
        inside = self._walk(resources, resources.above)
        described = self._once(inside.of(1, LEN), len(resources.start), resources.above)
        scopes = _level(inside.of(2, LEN))
        of_scope = resources.above[scopes.above]
        in_scopes = self._walk(scopes, of_scope)
        spans = _level(in_scopes.of(2, LEN))
        self._note(in_scopes.is_odd, of_scope)
        self._note(inside.is_odd, resources.above)
        self._note(top.is_odd, messages.above)
        resource = scopes.above[spans.above]
        self._message = resources.above[resource]
        fields = self._walk(spans, self._message)
        columns = self._columns(fields, len(spans.start))
        self._note(fields.is_odd, self._message)
        told = [self._wire.cut(start, end) for start, end in zip(*(side.tolist() for side in described), strict=True)]
        return ReadSpans(columns, self._message, resource, told, self._is_odd)

    def _walk(self, level: _Level, message: Ints) -> Fields:
        fields = self._wire.walk(level.start, level.end)
        self._note(fields.is_odd, message)
        return fields

    def _note(self, is_odd: Flags, message: Ints) -> None:
        """Messages of these parts are odd."""
        self._is_odd[message[is_odd]] = True

    def _once(self, fields: Fields, count: int, message: Ints) -> tuple[Ints, Ints]:
        """Start and end per owner, empty where it is not there; given twice is odd."""
        start, end = np.zeros(count, np.int64), np.zeros(count, np.int64)
        start[fields.owner], end[fields.owner] = fields.start, fields.end
        times = np.bincount(fields.owner, minlength=count)
        if times.max(initial=0) > 1:
            self._note(times > 1, message)
        return start, end

    def _columns(self, fields: Fields, count: int) -> dict[str, pl.Series]:
        """The columns of that many spans."""
        name = self._text(self._once(fields.of(5, LEN), count, self._message))
        kind = self._number(fields.of(6, VARINT), count)
        start_ns, end_ns = self._instant(fields.of(7, FIXED64), count), self._instant(fields.of(8, FIXED64), count)
        self._note(start_ns <= 0, self._message)
        attributes = self._attributes(_level(fields.of(9, LEN)), count, kind)
        status, told = self._status(self._once(fields.of(15, LEN), count, self._message), count)
        for number, wanted in ((3, LEN), (10, VARINT), (12, VARINT), (14, VARINT), (16, FIXED32)):
            fields.of(number, wanted)
        events, exceptions = self._events(fields.of(11, LEN), count)
        ended = pl.Series(np.maximum(end_ns - start_ns, 0))
        columns = {
            "trace": self._hex(self._id(fields.of(1, LEN), count, _TRACE_BYTES), _TRACE_BYTES, count),
            "span": self._hex(self._id(fields.of(2, LEN), count, _SPAN_BYTES), _SPAN_BYTES, count),
            "parent_span": self._parent(fields.of(4, LEN), count),
            "name": name,
            "kind": pl.Series(np.where(_within(kind, _KINDS), kind, 0)),
            "start_ns": pl.Series(start_ns),
            "duration_ns": ended.set(pl.Series(end_ns <= 0), None),
            "status": pl.Series(status),
            "status_message": told,
            "exception": exceptions,
            "attributes": self._json(attributes, count),
            "events": events,
            "links": self._links(fields.of(13, LEN), count),
        }
        return columns | told_columns(Lookup(attributes, self._buffers, count, self._odd_spans), kind)

    def _odd_spans(self, spans: Ints) -> None:
        self._is_odd[self._message[spans]] = True

    def _text(self, place: tuple[Ints, Ints]) -> pl.Series:
        return self._checked(self._buffers.views(self._main, place[0], place[1] - place[0]))

    def _checked(self, views: Views) -> pl.Series:
        """The texts; where one is not UTF-8, no message of the batch is told from here."""
        try:
            self._buffers.array(views).validate(full=True)
        except pa.ArrowInvalid as error:
            raise _OddError from error
        return self._buffers.series(views)

    def _number(self, fields: Fields, count: int) -> Ints:
        number = np.zeros(count, np.int64)
        number[fields.owner] = self._wire.numbers(fields.start, fields.end)
        return number

    def _instant(self, fields: Fields, count: int) -> Ints:
        """Nanoseconds; beyond 63 bits negative."""
        instant = np.zeros(count, np.int64)
        instant[fields.owner] = self._wire.words(fields.start).view(np.int64)
        return instant

    def _id(self, fields: Fields, count: int, size: int) -> Ints:
        """Where the id of each span is; odd where it is none."""
        start, end = self._once(fields, count, self._message)
        self._note(end - start != size, self._message)
        is_zero = self._wire.words(start) == 0
        if size == _TRACE_BYTES:
            is_zero &= self._wire.words(start + 8) == 0
        self._note(is_zero, self._message)
        return start

    def _parent(self, fields: Fields, count: int) -> pl.Series:
        start, end = self._once(fields, count, self._message)
        self._note((end != start) & (end - start != _SPAN_BYTES), self._message)
        told = self._hex(start, _SPAN_BYTES, count)
        is_root = (end == start) | (self._wire.words(start) == 0)
        return told.set(pl.Series(is_root), "")

    def _hex(self, start: Ints, size: int, count: int) -> pl.Series:
        digits = _HEX[self._wire.stretches(start, size)]
        offsets = np.arange(count + 1, dtype=np.int64) * (2 * size)
        array = pa.LargeStringArray.from_buffers(
            count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(digits))
        )
        return pl.Series(pl.from_arrow(array), dtype=pl.String)

    def _status(self, place: tuple[Ints, Ints], count: int) -> tuple[Ints, pl.Series]:
        """Code and message of each span's status."""
        start, end = place
        fields = self._wire.walk(start, end)
        code = self._number(fields.of(3, VARINT), count)
        said = self._text(self._once(fields.of(2, LEN), count, self._message))
        self._note(fields.is_odd, self._message)
        return np.where(_within(code, _STATUSES), code, 0), said.set(said == "", None)

    def _events(self, fields: Fields, count: int) -> tuple[pl.Series, pl.Series]:
        """JSON of the events of each span, and the first exception among them."""
        events: list[str | None] = [None] * count
        exceptions: list[str | None] = [None] * count
        for span, cut in self._cuts(fields).items():
            told = self._parts.events(cut)
            if told is None:
                self._odd_spans(np.array([span]))
            else:
                events[span], exceptions[span] = told
        return pl.Series(events, dtype=pl.String), pl.Series(exceptions, dtype=pl.String)

    def _links(self, fields: Fields, count: int) -> pl.Series:
        links: list[str | None] = [None] * count
        for span, cut in self._cuts(fields).items():
            told = self._parts.links(cut)
            if told is None:
                self._odd_spans(np.array([span]))
            links[span] = told or None
        return pl.Series(links, dtype=pl.String)

    def _cuts(self, fields: Fields) -> dict[int, list[bytes]]:
        """The bytes of these fields, per span in their order."""
        cuts: dict[int, list[bytes]] = {}
        for span, start, end in zip(fields.owner.tolist(), fields.start.tolist(), fields.end.tolist(), strict=True):
            cuts.setdefault(span, []).append(self._wire.cut(start, end))
        return cuts

    def _attributes(self, level: _Level, count: int, kind: Ints) -> Attributes:
        """Keys and values of all attributes."""
        owner = level.above
        words = self._wire.words(level.start)
        size = ((words >> np.uint64(8)) & np.uint64(0xFF)).view(np.int64)
        behind = np.minimum(level.start + 2 + size, level.end)
        is_bad = ((words & np.uint64(0xFF)) != _KEY) | (size >= _CONTINUES) | (level.start + 2 + size >= level.end)
        keys = self._checked(self._buffers.views(self._main, level.start + 2, behind - level.start - 2))
        words = self._wire.words(behind)
        length, digits = varints(words >> np.uint64(8))
        at = behind + 1 + digits
        is_bad |= ((words & np.uint64(0xFF)) != _VALUE) | (digits == 0) | (at + length != level.end)
        at = np.minimum(at, level.end)
        words = self._wire.words(at)
        type_ = _TYPES[(words & np.uint64(0xFF)).view(np.int64)]
        type_ = np.where(at == level.end, NULL, type_).astype(np.uint8)
        length, digits = varints(words >> np.uint64(8))
        is_text = type_ == STRING
        is_bad |= (type_ == BAD) | (is_text & ((digits == 0) | (at + 1 + digits + length != level.end)))
        is_bad |= (type_ == DOUBLE) & (at + 9 != level.end)
        start = at + 1 + np.where(is_text, digits, 0)
        if is_bad.any():
            self._odd_spans(owner[is_bad])
            type_, start = np.where(is_bad, NULL, type_).astype(np.uint8), np.where(is_bad, level.end, start)
        names = keys.unique()
        key = keys.cast(pl.Enum(names)).to_physical().to_numpy()
        key = key.astype(np.uint16 if len(names) <= _FEW_NAMES else np.int64)
        text, is_full, special = self._values(owner, type_, start, level.end, at)
        found = Attributes(owner, key, names.to_list(), type_, text, is_full, special)
        self._refuse_doubles(found, count)
        self._hide(found, kind)
        return found

    def _values(
        self, owner: Ints, type_: npt.NDArray[np.uint8], start: Ints, end: Ints, at: Ints
    ) -> tuple[Views, Flags, Ints]:
        """Each value as text, as it is within JSON but for escapes; whether there is one; and which need escapes."""
        is_text = type_ == STRING
        texts = self._buffers.views(self._main, start, np.where(is_text, end - start, 0))
        special = self._special(texts)
        whole = np.flatnonzero(type_ == INT)
        if len(whole):
            numbers = pl.Series(self._wire.numbers(start[whole], end[whole]))
            self._odd_ints(owner, whole, start, end)
            texts[whole] = self._buffers.column(numbers.cast(pl.String))
        flags = np.flatnonzero(type_ == BOOL)
        if len(flags):
            names = self._buffers.texts([b"false", b"true"])
            texts[flags] = names[(self._wire.numbers(start[flags], end[flags]) != 0).astype(np.int64)]
            self._odd_ints(owner, flags, start, end)
        doubles = np.flatnonzero(type_ == DOUBLE)
        if len(doubles):
            values = self._wire.words(start[doubles]).view(np.float64).tolist()
            texts[doubles] = self._buffers.texts(orjson.dumps(values)[1:-1].split(b","))
        nulls = type_ == NULL
        if nulls.any():
            texts[nulls] = self._buffers.texts([b"null"])[0]
        others = np.flatnonzero(type_ == OTHER)
        if len(others):
            self._others(texts, owner, others, at, end)
        return texts, ~nulls & ~(is_text & (start == end)), special

    def _special(self, texts: Views) -> Ints:
        """Which of the texts JSON must escape; all are checked to be UTF-8."""
        data, offsets = self._buffers.flat(texts)
        if (data >= _ASCII_END).any():
            self._checked(texts)
        places = np.flatnonzero((data < _SPACE) | (data == _QUOTE) | (data == _BACKSLASH))
        return np.unique(np.searchsorted(offsets, places, side="right") - 1)

    def _odd_ints(self, owner: Ints, rows: Ints, start: Ints, end: Ints) -> None:
        """A varint must end where its value does."""
        is_sound = self._wire.are_numbers(start[rows], end[rows])
        if not is_sound.all():
            self._odd_spans(owner[rows[~is_sound]])

    def _others(self, texts: Views, owner: Ints, rows: Ints, at: Ints, end: Ints) -> None:
        """Lists, objects and bytes, as JSON, into `texts`."""
        told: list[bytes] = []
        for row, start, stop in zip(rows.tolist(), at[rows].tolist(), end[rows].tolist(), strict=True):
            value = self._parts.value(self._wire.cut(start, stop))
            if value is None:
                self._odd_spans(owner[[row]])
            told.append(value or b"null")
        texts[rows] = self._buffers.texts(told)

    def _refuse_doubles(self, found: Attributes, count: int) -> None:
        """A key given twice in a span is odd."""
        keys = len(found.names)
        place = found.owner * keys + found.key
        if keys * count <= _MOST_MARKS:
            seen = np.zeros(keys * count, np.bool_)
            seen[place] = True
            if int(np.count_nonzero(seen)) == len(place):
                return
        _, first, times = np.unique(place, return_index=True, return_counts=True)
        self._odd_spans(found.owner[first[times > 1]])

    def _hide(self, found: Attributes, kind: Ints) -> None:
        """Callers' addresses become keyed hashes."""
        for index, name in enumerate(found.names):
            if name not in CLIENT_ADDRESSES | PEER_IPS:
                continue
            rows = found.rows(index)
            if name in PEER_IPS and name not in CLIENT_ADDRESSES:
                rows = rows[np.isin(kind[found.owner[rows]], list(CALLED))]
            if not len(rows):
                continue
            if (found.type[rows] != STRING).any():
                self._odd_spans(found.owner[rows[found.type[rows] != STRING]])
            told = self._buffers.series(found.text[rows])
            found.text[rows] = self._buffers.column(self._parts.hidden(told))
            found.is_full[rows] = True

    def _json(self, found: Attributes, count: int) -> pl.Series:
        """The attributes of each span as a JSON object."""
        is_text = found.type == STRING
        values = found.text
        if len(found.special):
            told = self._buffers.series(values[found.special]).to_list()
            values = values.copy()
            values[found.special] = self._buffers.texts([orjson.dumps(text)[1:-1] for text in told])
        counts = np.bincount(found.owner, minlength=count)
        after = np.where(is_text, _AFTER_TEXT, _AFTER_PLAIN)
        before = np.concatenate((np.zeros(1, np.int64), after[:-1]))
        ends = np.cumsum(counts)
        firsts = (ends - counts)[counts > 0]
        before[firsts] = _FIRST
        names = [orjson.dumps(name) for name in found.names]
        table = self._buffers.texts(
            [opens + name + closes for name in names for opens in _OPENS for closes in (b":", b':"')]
        )
        closing = self._buffers.texts(list(_CLOSES))
        pieces = empty_views(2 * len(found.owner) + count)
        places = 2 * np.arange(len(found.owner)) + found.owner
        pieces[places] = table[(found.key.astype(np.int64) * 3 + before) * 2 + is_text]
        pieces[places + 1] = values
        last = np.zeros(count, np.int64)
        last[counts > 0] = after[ends[counts > 0] - 1]
        row_ends = 2 * ends + np.arange(1, count + 1)
        pieces[row_ends - 1] = closing[last]
        return self._buffers.rows(pieces, row_ends)


def _level(fields: Fields) -> _Level:
    """The contents of fields as messages, in the order in which they lie; that is also the order of their owners."""
    order = np.argsort(fields.start, kind="stable")
    return _Level(fields.start[order], fields.end[order], fields.owner[order])


def _within(number: Ints, count: int) -> Flags:
    return (number >= 0) & (number < count)
