"""Texts as views into bytes: a column of stretches of a few buffers, and rows joined from many such pieces.

A view is two words, as Arrow has it: the length and the text itself up to 12 bytes, else its first four, the buffer and
the place. Nothing is copied before a column is joined or stored.

Source of the layout: arrow.apache.org/docs/format/Columnar.html, variable-size binary view.
"""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

__all__ = ["Buffers", "Views", "empty_views"]

Ints = npt.NDArray[np.int64]
Views = npt.NDArray[np.uint64]  # two words a row

_INLINE = 12
_WORD = 8
_PAD = b"\0" * 16
_LOW = np.array([(1 << (8 * size)) - 1 for size in range(9)], np.uint64)  # masks of so many bytes


def empty_views(count: int) -> Views:
    """So many empty texts."""
    return np.zeros((count, 2), np.uint64)


class Buffers:
    """Buffers that views point into. Each must be padded by 16 bytes."""

    def __init__(self) -> None:
        self._buffers: list[pa.Buffer] = []
        self._words: list[npt.NDArray[np.uint64]] = []

    def add(self, padded: npt.NDArray[np.uint8]) -> int:
        """The number of a buffer from now on."""
        self._buffers.append(pa.py_buffer(padded))
        self._words.append(np.ndarray((len(padded) - 8,), "<u8", padded, 0, (1,)))
        return len(self._buffers) - 1

    def views(self, buffer: int, start: Ints, size: Ints) -> Views:
        """The texts of those stretches of a buffer."""
        found = np.empty((len(start), 2), np.uint64)
        words = self._words[buffer]
        low = words[start] & _LOW[np.minimum(size, 8)]
        found[:, 0] = size.view(np.uint64) | (low << np.uint64(32))
        is_long = size > _INLINE
        placed = np.uint64(buffer) | (start.view(np.uint64) << np.uint64(32))
        found[:, 1] = np.where(is_long, placed, low >> np.uint64(32))
        middle = np.flatnonzero((size > _WORD) & ~is_long)
        high = words[start[middle] + _WORD] & _LOW[size[middle] - _WORD]
        found[middle, 1] |= high << np.uint64(32)
        return found

    def texts(self, texts: list[bytes]) -> Views:
        """Views of texts that lie in no buffer yet."""
        return self.joined(b"".join(texts), np.fromiter(map(len, texts), np.int64, len(texts)))

    def joined(self, data: bytes, sizes: Ints) -> Views:
        """Views of texts that lie one behind the other."""
        starts = np.zeros(len(sizes), np.int64)
        np.cumsum(sizes[:-1], out=starts[1:])
        return self.views(self.add(np.frombuffer(data + _PAD, np.uint8)), starts, sizes)

    def column(self, texts: pl.Series) -> Views:
        """Views of a column of texts without nulls."""
        array = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
        offsets = np.frombuffer(array.buffers()[1], np.int64, len(array) + 1, array.offset * 8)
        data = array.buffers()[2].to_pybytes()[offsets[0] : offsets[-1]] if len(array) else b""
        return self.joined(data, np.diff(offsets))

    def array(self, views: Views, is_there: npt.NDArray[np.bool_] | None = None) -> pa.Array:
        """The texts as Arrow has them, unchecked; null where `is_there` says that there is none."""
        valid = None if is_there is None else pa.py_buffer(np.packbits(is_there, bitorder="little"))
        buffers = [valid, pa.py_buffer(np.ascontiguousarray(views)), *self._buffers]
        return pa.Array.from_buffers(pa.string_view(), len(views), buffers)

    def series(self, views: Views, is_there: npt.NDArray[np.bool_] | None = None) -> pl.Series:
        """The texts as a column; null where `is_there` says that there is none."""
        return pl.Series(pl.from_arrow(self.array(views, is_there)), dtype=pl.String)

    def flat(self, views: Views) -> tuple[npt.NDArray[np.uint8], Ints]:
        """The bytes of all texts one behind the other, unchecked, and where each begins, with the end of the last."""
        buffers = [None, pa.py_buffer(np.ascontiguousarray(views)), *self._buffers]
        whole = pa.Array.from_buffers(pa.binary_view(), len(views), buffers).cast(pa.large_binary())
        offsets = np.frombuffer(whole.buffers()[1], np.int64, len(whole) + 1)
        data = whole.buffers()[2]
        return np.frombuffer(data, np.uint8, offsets[-1]) if offsets[-1] else np.zeros(0, np.uint8), offsets

    def rows(self, pieces: Views, ends: Ints) -> pl.Series:
        """Texts joined of consecutive pieces: each goes up to the piece of its number in `ends`."""
        whole = self.array(pieces).cast(pa.large_string())
        offsets = np.frombuffer(whole.buffers()[1], np.int64, len(whole) + 1)
        borders = np.concatenate((np.zeros(1, np.int64), offsets[ends]))
        return pl.Series(
            pl.from_arrow(pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(borders), whole.buffers()[2])),
            dtype=pl.String,
        )
