"""Protobuf's wire format read in columns: the fields of many messages at once, without a Python object a field.

What comes in: bytes, and where in them the messages lie. What goes out: where each field lies. All messages are read in
step, the first field of each, then the second: as many steps as the longest has fields. Those few that go on much
longer are read one by one. A message that is not as writers write it is called odd and left to the protobuf library.

Source of the format: protobuf.dev/programming-guides/encoding.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

__all__ = ["FIXED32", "FIXED64", "LEN", "VARINT", "Fields", "Ints", "Wire", "varints"]

VARINT, FIXED64, LEN, FIXED32 = 0, 1, 2, 5
_PAD_BYTES = 32  # behind the bytes, so that a look ahead never leaves them
_FEW = 24  # messages that a loop reads faster than columns do
_TOGETHER = 8192  # messages that are read in step: what is at hand of so many stays in the processor's cache
_DIGIT = 0x80  # no digit of a number is as large but for those that go on
_TAG_OF_LEN = 0x87  # of a tag with one digit: that it has one, and its kind
_TAG_KINDS = 7

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.uint16]
Kinds = npt.NDArray[np.uint8]
_Part = tuple[Ints, Numbers, Kinds, Ints, Ints]  # of Fields, but for is_odd

_CONTINUES = np.uint64(0x80)
_MOST_DIGITS = 10  # of a number
_NUMBERS = 1 << 11  # of fields, that a tag of two digits holds; a message with a higher one is odd
_WORD_DIGITS = 8  # that are read at once
_ENDS = np.uint64(0x8080808080)  # of the digits of a length
_ALL_ENDS = np.uint64(0x8080808080808080)
_LOW = np.array([(1 << (8 * size)) - 1 for size in range(9)], np.uint64)  # masks of so many bytes
# Digits are drawn together by pairs, then fours, then eights: what stays, what moves, and by how much.
_DRAWN = tuple(
    (np.uint64(stays), np.uint64(moves), np.uint64(by))
    for stays, moves, by in (
        (0x007F007F007F007F, 0x7F007F007F007F00, 1),
        (0x00003FFF00003FFF, 0x3FFF00003FFF0000, 2),
        (0x000000000FFFFFFF, 0x0FFFFFFF00000000, 4),
    )
)


class Fields(Struct, frozen=True):
    """Fields of messages, in no order of messages, but those of one message in their order.

    owner: index of the message; number, kind: of the field; start, end: its content (the digits of a number, without
    tag and length). is_odd: per message, whether it could not be read.
    """

    owner: Ints
    number: Numbers
    kind: Kinds
    start: Ints
    end: Ints
    is_odd: Flags

    def of(self, number: int, kind: int) -> "Fields":
        """The fields of one number; of another kind than that they make their message odd."""
        mine = np.flatnonzero(self.number == number)
        wrong = self.kind[mine] != kind
        if wrong.any():
            self.is_odd[self.owner[mine[wrong]]] = True
            mine = mine[~wrong]
        return Fields(
            self.owner[mine], self.number[mine], self.kind[mine], self.start[mine], self.end[mine], self.is_odd
        )


class Wire:
    """Bytes to be read in columns."""

    def __init__(self, data: bytes) -> None:
        self._data = data + bytes(_PAD_BYTES)
        self.padded = np.frombuffer(self._data, np.uint8)
        self._words: Words = np.ndarray((len(data) + _PAD_BYTES - 8,), "<u8", self.padded, 0, (1,))

    def words(self, at: Ints) -> Words:
        """Eight bytes from each place, the first of them lowest."""
        return self._words[at]

    def stretches(self, at: Ints, size: int) -> npt.NDArray[np.uint8]:
        """`size` bytes from each place, a row each."""
        return np.lib.stride_tricks.sliding_window_view(self.padded, size)[at]

    def cut(self, start: int, end: int) -> bytes:
        """The bytes of one stretch."""
        return self._data[start:end]

    def numbers(self, start: Ints, end: Ints) -> Ints:
        """The varints of those stretches, as signed 64-bit numbers."""
        sizes = end - start
        if sizes.max(initial=0) <= _WORD_DIGITS:
            return _drawn(self.words(start) & _LOW[sizes])
        value = np.zeros(len(start), np.uint64)
        for index in range(int(sizes.max(initial=0))):
            byte = self.padded[np.minimum(start + index, end - 1)].astype(np.uint64)
            part = (byte & np.uint64(0x7F)) << np.uint64(7 * index) if index < _MOST_DIGITS else np.zeros_like(byte)
            value |= np.where(sizes > index, part, np.uint64(0))
        return value.view(np.int64)

    def are_numbers(self, start: Ints, end: Ints) -> Flags:
        """Whether each stretch is one varint and nothing else."""
        sizes = end - start
        kept = np.clip(sizes, 1, _WORD_DIGITS)
        told: Flags = (self.words(start) & _ALL_ENDS & _LOW[kept]) == (_ALL_ENDS & _LOW[kept - 1])
        told &= sizes == kept
        long = np.flatnonzero((sizes > _WORD_DIGITS) & (sizes <= _MOST_DIGITS))
        if len(long):
            inside = self.stretches(start[long], _MOST_DIGITS) < _CONTINUES
            told[long] = inside.any(axis=1) & (np.argmax(inside, axis=1) + 1 == sizes[long])
        return told

    def walk(self, starts: Ints, ends: Ints) -> Fields:
        """The fields of the messages that lie between those places."""
        is_odd = np.zeros(len(starts), np.bool_)
        parts: list[_Part] = []
        owners = np.flatnonzero(starts < ends)
        for first in range(0, len(owners), _TOGETHER):
            parts += self._in_step(owners[first : first + _TOGETHER], starts, ends, is_odd)
        if not parts:
            parts = [_part(np.zeros((0, 5), np.int64))]
        columns = [np.concatenate(some) for some in zip(*parts, strict=True)]
        return Fields(columns[0], columns[1], columns[2], columns[3], columns[4], is_odd)

    def _in_step(self, owner: Ints, starts: Ints, ends: Ints, is_odd: Flags) -> list[_Part]:
        """The fields of some messages, first of each the first; each has one."""
        at, until = starts[owner], ends[owner]
        steps: list[_Part] = []
        while len(owner) > _FEW:
            number, kind, start, end, is_sound = self._step(at, until)
            if not is_sound.all():
                is_odd[owner[~is_sound]] = True
                owner, until = owner[is_sound], until[is_sound]
                number, kind, start, end = (column[is_sound] for column in (number, kind, start, end))
            steps.append((owner, number.astype(np.uint16), kind.astype(np.uint8), start, end))
            goes_on = end < until
            if goes_on.all():
                at = end
            else:
                owner, at, until = owner[goes_on], end[goes_on], until[goes_on]
        return [*steps, self._rest(owner, at, until, is_odd)]

    def _step(self, at: Ints, until: Ints) -> tuple[Ints, Ints, Ints, Ints, Flags]:
        """One field of each message: number, kind, start and end of its content, and whether it is sound."""
        words = self.words(at)
        number = ((words >> np.uint64(3)) & np.uint64(0xF)).view(np.int64)
        kind = (words & np.uint64(7)).view(np.int64)
        start = at + 1
        is_sound = np.ones(len(at), np.bool_)
        wide = (words & _CONTINUES) != 0
        if wide.any():  # numbers above 15
            second = (words >> np.uint64(8)) & np.uint64(0xFF)
            number = np.where(wide, number | ((second & np.uint64(0x7F)) << np.uint64(4)).view(np.int64), number)
            is_sound &= ~wide | (second < _CONTINUES)
            start += wide
            words = np.where(wide, words >> np.uint64(16), words >> np.uint64(8))
        else:
            words >>= np.uint64(8)
        value, size = varints(words)
        is_len = kind == LEN
        if is_len.all():
            start += size
            end = start + value
            return number, kind, start, end, is_sound & (number > 0) & (size > 0) & (end <= until)
        is_varint = kind == VARINT
        is_sound &= (number > 0) & ((size > 0) | ~is_len) & (is_len | is_varint | (kind == FIXED64) | (kind == FIXED32))
        start = np.where(is_len, start + size, start)
        length = np.where(is_len, value, np.where(is_varint, size, np.where(kind == FIXED64, 8, 4)))
        if (long := (size == 0) & is_varint & (number > 0)).any():  # numbers of more than five digits
            self._measure(start, length, is_sound, np.flatnonzero(long))
        end = start + length
        return number, kind, start, end, is_sound & (end <= until)

    def _measure(self, start: Ints, length: Ints, is_sound: Flags, long: Ints) -> None:
        """How long those varints are, into `length` and `is_sound`."""
        ends = self.stretches(start[long], _MOST_DIGITS) < _CONTINUES
        length[long] = np.argmax(ends, axis=1) + 1
        is_sound[long] = ends.any(axis=1)

    def _rest(self, owner: Ints, at: Ints, until: Ints, is_odd: Flags) -> _Part:
        """The fields of a few messages, one by one."""
        found: list[tuple[int, int, int, int, int]] = []
        data = self._data
        for one, first, stop in zip(owner.tolist(), at.tolist(), until.tolist(), strict=True):
            place = first
            while place < stop:
                tag, size, more = data[place], data[place + 1], data[place + 2]
                # most are texts and messages with a length of one or two digits
                if tag & _TAG_OF_LEN == LEN and tag > _TAG_KINDS and (size < _DIGIT or more < _DIGIT):
                    start = place + 2 if size < _DIGIT else place + 3
                    end = start + (size if size < _DIGIT else size & (_DIGIT - 1) | more << 7)
                    if end > stop:
                        is_odd[one] = True
                        break
                    found.append((one, tag >> 3, LEN, start, end))
                    place = end
                    continue
                tag, start = _varint(data, place)
                kind, number = tag & 7, tag >> 3
                size, after = _varint(data, start)
                if kind == LEN:
                    start, end = after, after + size
                else:
                    end = {VARINT: after, FIXED64: start + 8, FIXED32: start + 4}.get(kind, stop + 1)
                if not 0 < number < _NUMBERS or end > stop or (kind in {LEN, VARINT} and size < 0):
                    is_odd[one] = True
                    break
                found.append((one, number, kind, start, end))
                place = end
        return _part(np.array(found, np.int64).reshape(-1, 5))


def _part(table: npt.NDArray[np.int64]) -> _Part:
    """A row a field: owner, number, kind, start, end."""
    return table[:, 0], table[:, 1].astype(np.uint16), table[:, 2].astype(np.uint8), table[:, 3], table[:, 4]


def varints(words: Words) -> tuple[Ints, Ints]:
    """Value and size of the varint that each word begins with; size 0 of one with more than five bytes."""
    if not (words & _CONTINUES).any():
        return (words & np.uint64(0x7F)).view(np.int64), np.ones(len(words), np.int64)
    ends = ~words & _ENDS
    before = (ends & (~ends + np.uint64(1))) - np.uint64(1)  # all bits below the first end; of none, all there are
    size = ((np.bitwise_count(before) + np.uint8(1)) >> np.uint8(3)) & np.uint8(7)
    return _drawn(words & before), size.astype(np.int64)


def _drawn(digits: Words) -> Ints:
    """Numbers of up to eight digits each, without what is behind them."""
    for stays, moves, by in _DRAWN:
        digits = (digits & stays) | ((digits & moves) >> by)
    return digits.view(np.int64)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and the place behind it; -1 where there is none."""
    value = 0
    for index in range(_MOST_DIGITS):
        if at + index >= len(data):
            break
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < _CONTINUES:
            return value, at + index + 1
    return -1, at
