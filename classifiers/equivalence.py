"""Equivalence: texts in; as many texts out, where of those that signing cannot tell apart one stands for all.

Of a million distinct messages most differ only in digits that a mask takes anyway. That is found out on bytes here,
far cheaper than the masks run: 0 is written for digits that no mask leaves (numbers, numbers with a unit, ids); what
is then equal is one class; and only these few shapes are searched for digits that are kept (status, close code, error
number, names; see masks.KEEPS), which part a class again. Whoever signs then reads one text of each class. Which one
does not matter: the signature is the same.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from classifiers.masks import PRINCIPAL, SHIELD, UUID, change_where, marks

__all__ = ["representatives"]

_Bytes = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int64]

_CHUNK_BYTES = 4 << 20  # shaped together: what numpy then holds beside it stays in the processor's cache
_DIGIT, _HEX, _LETTER, _UNDERSCORE = 1, 2, 4, 8  # what a byte of a word is; other bytes are 0
_ZERO = ord("0")
_ID_CHARS = 8  # from here on a word of hexadecimal digits is an id, see masks `hex`
_ID_CHARS_AT_MOST = 64
_TRAILING_DIGITS = 4  # from here on digits behind letters are an id, see masks `trailing`
_LETTERS_AT_MOST = 32  # before those
_UNITS = "h m s d ms us ns min sec hr hrs kB KB MB GB TB Ki Mi Gi Ti KiB MiB GiB TiB K M G T k B"
_UNIT_BYTES = 3
_STAMP = r"(?-u:\b)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_FIXED = (  # of fixed length and always masked as a whole, though letters stand in them; told apart by a control byte
    (r"[0-9a-fA-F]{4}-", ((UUID, "\x010000000-0000-0000-0000-00000000000\x01"),)),
    (
        r"T[0-9]",
        (
            *(
                (rf"{_STAMP}\.[0-9]{{{digits}}}Z(?-u:\b)", f"\x01000-00-00T00:00:00.{'0' * digits}Z")
                for digits in (9, 6, 3)
            ),
            (rf"{_STAMP}Z(?-u:\b)", "\x01000-00-00T00:00:00Z"),
        ),
    ),
)


def representatives(texts: pl.Series) -> pl.Series:
    """The texts, each replaced by one of its class; nulls stay. Signing gives both the same signature."""
    told = pl.DataFrame({"text": texts}).with_columns(key=pl.col("text").hash())
    # a principal is kept with all its digits and letters: what has one is a class of its own
    known = told.unique("key").filter(~pl.col("text").str.contains(PRINCIPAL))
    if not known.height:
        return texts
    shapes = _shapes(known["text"])
    classes = known.with_columns(shape=shapes.hash(), kept=_kept(known["text"], shapes))
    same = classes.with_columns(one=pl.col("text").first().over("shape", "kept")).select("key", "one")
    found = told.join(same, on="key", how="left", maintain_order="left")
    return found.select(pl.coalesce("one", "text")).to_series().rename(texts.name)


def _shapes(texts: pl.Series) -> pl.Series:
    """The texts, byte for byte as long, with 0 for what is masked whatever it is."""
    for hint, fixed in _FIXED:
        texts = change_where(texts, texts.str.contains(hint), partial(_with_zeros, fixed))
    sizes = texts.str.len_bytes().to_numpy().astype(np.int64)
    part = np.cumsum(sizes) // _CHUNK_BYTES
    bounds = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(sizes)]
    return pl.concat([_shaped(texts[first:last]) for first, last in pairwise(bounds)])


def _with_zeros(fixed: Sequence[tuple[str, str]], texts: pl.Series) -> pl.Series:
    for pattern, zeros in fixed:
        texts = texts.str.replace_all(pattern, zeros)
    return texts


def _shaped(texts: pl.Series) -> pl.Series:
    import pyarrow as pa  # noqa: PLC0415 - a report signs nothing, and starts sooner without it

    _, offsets, content = texts.rechunk().to_arrow().buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[: texts.len() + 1]
    told = np.zeros(starts[-1] + 1, dtype=np.uint8)  # one byte more: what stands behind the last word is no word
    told[:-1] = np.frombuffer(content, dtype=np.uint8)[: starts[-1]]
    _write_zeros(told, starts)
    whole = pa.LargeStringArray.from_buffers(texts.len(), pa.py_buffer(starts), pa.py_buffer(told))
    shapes = pl.from_arrow(whole)
    assert isinstance(shapes, pl.Series)  # noqa: S101 - what polars makes of an array; told to the type checker
    return shapes


def _write_zeros(told: _Bytes, starts: _Places) -> None:
    """Writes 0 over the digits of `told` that no mask leaves. starts: of each text in it, and its end."""
    is_start = np.zeros(len(told), dtype=bool)
    is_start[starts] = True
    first, last = _numbers(told, is_start)
    if not len(first):
        return
    before = _before(told, is_start, first)
    behind = np.where(is_start[last], 0, _KINDS[told[last]])
    is_free, ends_word = before == 0, behind == 0
    is_unit = is_free & ((behind & (_HEX | _LETTER)) > 0)
    is_unit[is_unit] = _is_unit(told, is_start, last[is_unit])
    is_small = (told[first - 1] - np.uint8(ord("a"))) < 26  # noqa: PLR2004 - a to z; lower bytes wrap to high ones
    is_trailing = ends_word & ~is_free & is_small & (last - first >= _TRAILING_DIGITS)
    is_trailing[is_trailing] = _is_behind_letters(told, is_start, first[is_trailing])
    is_taken = (ends_word & (is_free | (before == _UNDERSCORE))) | is_unit | is_trailing
    is_part = ((before | behind) & _HEX) > 0
    ids = _ids(told, is_start, first[is_part & ~is_trailing])
    _fill(told, first[is_taken], last[is_taken])
    _fill(told, *ids, value=ord("1"))  # other digits than a number's, because other masks take them


def _numbers(told: _Bytes, is_start: npt.NDArray[np.bool_]) -> tuple[_Places, _Places]:
    """First byte of each run of digits, and the byte behind its last."""
    places = np.flatnonzero((told - np.uint8(_ZERO)) < 10)  # noqa: PLR2004 - the ten digits; lower bytes wrap to high ones
    if not len(places):
        return places, places
    begins = np.empty(len(places), dtype=bool)
    begins[0] = True
    begins[1:] = (np.diff(places) > 1) | is_start[places[1:]]
    at = np.flatnonzero(begins)
    return places[at], places[np.append(at[1:], len(places)) - 1] + 1


def _before(told: _Bytes, is_start: npt.NDArray[np.bool_], places: _Places) -> _Bytes:
    """What the byte before each place is, 0 where a text begins there."""
    return np.where(is_start[places], 0, _KINDS[told[places - 1]]).astype(np.uint8)


def _is_unit(told: _Bytes, is_start: npt.NDArray[np.bool_], places: _Places) -> npt.NDArray[np.bool_]:
    """Whether a unit of time or size stands at each place, and a word ends behind it."""
    code = np.zeros(len(places), dtype=np.int64)
    at, inside = places.copy(), np.ones(len(places), dtype=bool)
    for _ in range(_UNIT_BYTES):
        code = np.where(inside, code * 256 + told[at], code)
        at = at + inside
        inside &= ~is_start[at] & (_KINDS[told[at]] > 0)
    found: npt.NDArray[np.bool_] = np.isin(code, _UNIT_CODES)
    return ~inside & found


def _is_behind_letters(told: _Bytes, is_start: npt.NDArray[np.bool_], places: _Places) -> npt.NDArray[np.bool_]:
    """Whether nothing but letters and underscores stands before each place in its word."""
    at, is_open = places.copy(), np.ones(len(places), dtype=bool)
    for _ in range(_LETTERS_AT_MOST):
        kind = _before(told, is_start, at)
        is_open &= (kind & ~np.uint8(_DIGIT)) > 0
        if not is_open.any():
            break
        at = at - is_open
    begins: npt.NDArray[np.bool_] = _before(told, is_start, at) == 0
    return begins


def _ids(told: _Bytes, is_start: npt.NDArray[np.bool_], places: _Places) -> tuple[_Places, _Places]:
    """First byte and the byte behind of the words that `places` stand in and that are hexadecimal ids.

    Behind a colon or a point a mask may take the beginning of such a word with what stands before; in quotes it may be
    a name.
    """
    first = _walked(told, is_start, places, -1)
    first = np.unique(first[first >= 0])
    last = _walked(told, is_start, first, 1)
    is_other = ~is_start[first] & np.isin(told[first - 1], list(b":.,'\"`"))
    is_id = (last - first >= _ID_CHARS) & ~is_other
    return first[is_id], last[is_id]


def _walked(told: _Bytes, is_start: npt.NDArray[np.bool_], places: _Places, step: int) -> _Places:
    """Where the word of each place begins (step -1), or the byte behind it (1); -1 when it is not hexadecimal."""
    at, is_open = places.copy(), np.ones(len(places), dtype=bool)
    kind = np.zeros(len(places), dtype=np.uint8)
    for _ in range(_ID_CHARS_AT_MOST):
        kind = _before(told, is_start, at) if step < 0 else np.where(is_start[at] & (at > places), 0, _KINDS[told[at]])
        is_open &= (kind == _DIGIT) | (kind == _HEX)
        if not is_open.any():
            break
        at = at + step * is_open
    return np.where(kind == 0, at, -1)


def _fill(told: _Bytes, first: _Places, last: _Places, value: int = _ZERO) -> None:
    """Writes `value` from each first to before each last; these do not overlap."""
    sizes = last - first
    if len(first):
        ends = np.cumsum(sizes)
        told[np.arange(ends[-1]) + np.repeat(first - ends + sizes, sizes)] = value


def _kept(texts: pl.Series, shapes: pl.Series) -> pl.Series:
    """A hash of what each text keeps; 0 where nothing in it is kept."""
    told = pl.DataFrame({"text": texts, "shape": shapes}).with_columns(key=pl.col("shape").hash()).with_row_index("row")
    known = told.select("key", "shape").unique("key", maintain_order=True)
    marked = known.with_columns(marked=marks(known["shape"])).filter(pl.col("marked") != pl.col("shape"))
    none = pl.zeros(texts.len(), dtype=pl.UInt64, eager=True)
    if not marked.height:
        return none
    places = pl.DataFrame(
        [
            (key, first, size)
            for key, text in marked.select("key", "marked").iter_rows()
            for first, size in _marked_words(text.encode())
        ],
        schema={"key": pl.UInt64(), "first": pl.Int64(), "size": pl.Int64()},
        orient="row",
    )
    piece = pl.col("text").cast(pl.Binary).bin.slice(pl.col("first"), pl.col("size"))
    pieces = told.join(places, on="key").select("row", word=pl.struct("first", piece).hash())
    kept = pieces.group_by("row").agg(pl.col("word").sum())
    return none.scatter(kept["row"], kept["word"])


def _marked_words(text: bytes) -> Iterator[tuple[int, int]]:
    """First byte and size, in the text without its marks, of each word that holds one."""
    marks_before = 0
    for found in _MARKED_WORD.finditer(text):
        inside = found[0].count(_MARK)
        if inside:
            size = len(found[0]) - inside * len(_MARK)
            yield found.start() - marks_before * len(_MARK), size
            marks_before += inside


_MARK = SHIELD.encode()
_MARKED_WORD = re.compile(rb"(?:\x02K|[0-9A-Za-z_\x80-\xff])+")
_KINDS: _Bytes = np.zeros(256, dtype=np.uint8)
_KINDS[list(b"ghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] = _LETTER
_KINDS[0x80:] = _LETTER
_KINDS[list(b"abcdef")] = _HEX
_KINDS[list(b"0123456789")] = _DIGIT
_KINDS[ord("_")] = _UNDERSCORE
_UNIT_CODES = [int.from_bytes(unit.encode(), "big") for unit in _UNITS.split()]
