"""Words: shaped messages in; their words as columns of numbers, and the messages with some words replaced, out.

What stands in quotes is one word, unless a part of it is known as a value. Of a word its hash is kept, what it proves
and what its place needs (classifiers/places.py): regular expressions run on distinct tokens, once each.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import Struct

from classifiers.places import facts_of_places, facts_of_tokens
from classifiers.shapes import VALUE_MARK

__all__ = ["PLACES", "VALUE_HASH", "WORD", "Words", "at_place", "read_words", "with_values"]

PLACES = 48  # words of a message that can be variable; those further back are told as they are

_MARK = VALUE_MARK
_PLAIN = rf"[\w{_MARK}$@~](?:[\w{_MARK}$@~./\\'-]*[\w{_MARK}$@~])?"
_QUOTED = "|".join(
    rf"{quote}(?:[^\s{quote}{_MARK}](?:[^{quote}{_MARK}]{{0,78}}[^\s{quote}{_MARK}])?|{_MARK}){quote}"
    for quote in "'\"`"
)
WORD = rf"(?:{_PLAIN}|{_QUOTED})"
_TOKEN = rf" ?(?:{WORD}|\S)"  # with the blank before it: tokens joined give the message
_INSIDE = r"\A( ?['\"`]?).+?(['\"`]?)\z"
_ROWS_AT_ONCE = 250_000  # messages split into tokens together: bounds memory
VALUE_HASH = np.uint64(pl.Series([VALUE_MARK]).hash()[0])


class Words(Struct, frozen=True):
    """The words of messages, sorted by place, then message; all arrays of one length, changed as words are joined."""

    message: npt.NDArray[np.uint32]
    place: npt.NDArray[np.uint16]  # in the message, 0 the first
    value: npt.NDArray[np.uint64]  # hash of the word at its place
    bare: npt.NDArray[np.uint64]  # hash of the word alone
    evidence: npt.NDArray[np.uint8]  # what it proves
    needed: npt.NDArray[np.uint8]  # what its place needs
    is_variable: npt.NDArray[np.bool_]

    def slices(self) -> Iterator[slice]:
        """The words at each place that can be variable."""
        ends = np.searchsorted(self.place, np.arange(PLACES + 1))
        for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            if last > first:
                yield slice(first, last)


class _Tokens(Struct, frozen=True):
    """The tokens of consecutive messages in order; `place` counts the words of each message."""

    token: pl.Series
    starts: npt.NDArray[np.int64]  # of each message among the tokens
    message: npt.NDArray[np.uint32]
    place: npt.NDArray[np.uint16]
    is_word: npt.NDArray[np.bool_]
    facts: pl.DataFrame  # see places.facts_of_tokens


def read_words(shapes: pl.Series) -> Words:
    """The words of messages as `shape` gives them."""
    parts = [_words(tokens) for tokens in _tokens(shapes)]
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Words.__struct_fields__}
    order = np.argsort(whole["place"], kind="stable")
    return Words(**{name: column[order] for name, column in whole.items()})


def at_place(value: npt.NDArray[np.uint64], place: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint64]:
    """Hashes of words, so mixed with their place that their sum stands for the message."""
    mixed: npt.NDArray[np.uint64] = value + (place.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # the finish of splitmix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def with_values(shapes: pl.Series, words: Words) -> pl.Series:
    """The messages with VALUE_MARK for their variable words, quotes kept."""
    variable = np.sort(_key(words.message[words.is_variable], words.place[words.is_variable]))
    parts = [_replaced(tokens, variable) for tokens in _tokens(shapes)]
    return pl.concat(parts)


def _tokens(shapes: pl.Series) -> Iterator[_Tokens]:
    for first in range(0, shapes.len(), _ROWS_AT_ONCE):
        lists = shapes.slice(first, _ROWS_AT_ONCE).str.extract_all(_TOKEN)
        lengths = lists.list.len().to_numpy().astype(np.int64)
        token = lists.explode(empty_as_null=False)
        facts = facts_of_tokens(token)
        is_word = facts["is_word"].to_numpy()
        starts = np.cumsum(lengths) - lengths
        count = np.concatenate([[0], np.cumsum(is_word)])
        place = count[1:] - 1 - np.repeat(count[starts], lengths)
        message = np.repeat(np.arange(first, first + len(lengths), dtype=np.uint32), lengths)
        yield _Tokens(token, starts, message, np.clip(place, 0, 60_000).astype(np.uint16), is_word, facts)


def _words(tokens: _Tokens) -> Words:
    is_first = np.zeros(tokens.token.len() + 1, dtype=bool)
    is_first[tokens.starts] = True
    needed = facts_of_places(tokens.facts, is_first, tokens.place)
    place = tokens.place[tokens.is_word]
    value = tokens.facts["value"].to_numpy()[tokens.is_word]
    return Words(
        message=tokens.message[tokens.is_word],
        place=place,
        value=at_place(value, place),
        bare=value,
        evidence=tokens.facts["evidence"].to_numpy()[tokens.is_word],
        needed=needed[tokens.is_word],
        is_variable=value == VALUE_HASH,
    )


def _replaced(tokens: _Tokens, variable: npt.NDArray[np.uint64]) -> pl.Series:
    """The messages of these tokens, with values at the sorted keys `variable`."""
    key = _key(tokens.message, tokens.place)
    at = np.searchsorted(variable, key)
    found = np.concatenate([variable, [np.uint64(0)]])[at] == key
    is_value = tokens.is_word & found & (at < len(variable))
    marked = tokens.token.filter(pl.Series(is_value)).str.replace(_INSIDE, "${1}" + VALUE_MARK + "${2}")
    whole = tokens.token.clone().scatter(np.flatnonzero(is_value), marked)
    return (
        pl.DataFrame({"message": tokens.message, "token": whole})
        .group_by("message", maintain_order=True)
        .agg(pl.col("token").str.join(""))["token"]
    )


def _key(message: npt.NDArray[np.uint32], place: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint64]:
    return message.astype(np.uint64) << np.uint64(16) | place.astype(np.uint64)
