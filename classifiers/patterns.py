"""Patterns: messages whose words were compared in; every message that fits one of their templates is of it, out.

Words are compared among so many messages as memory bears. Which they are is a function of the set: of every group that
is alike but for its words the first by hash, so that a small group is looked at whole. A message whose words are those
of a template, but for the places where that one varies, is of it, compared or not; of several it fits the widest.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from classifiers.words import PLACES, VALUE_HASH, Words, at_place

__all__ = ["Patterns", "first_of_each", "sums"]

_PATTERNS = 128  # sets of places that are tried on a message; those of the most messages


class Patterns:
    """What is known of messages whose words were compared: which places vary, and what is left of each without them."""

    def __init__(self, words: Words, skeletons: npt.NDArray[np.uint64]) -> None:
        """words: after joining; skeletons: of each message what is left of it without its words."""
        varies = words.is_variable & (words.place < PLACES)
        places = _places(words, varies, len(skeletons))
        places[_places(words, varies & (words.bare != VALUE_HASH), len(skeletons)) == 0] = 0  # no word was joined
        of_messages = pl.DataFrame({"places": places, "rest": sums(words, words.value, skeletons)})
        of_messages = of_messages.filter(pl.col("places") > 0)
        order = of_messages.group_by("places").len().sort(["len", "places"], descending=[True, False])
        widest = sorted(order["places"].head(_PATTERNS), key=lambda places: (-places.bit_count(), places))
        self._rests = {
            places: of_messages.filter(pl.col("places") == places)["rest"].unique().to_numpy() for places in widest
        }

    def fitting(self, words: Words, skeletons: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """The words, by number, that vary in the widest known template that fits their message."""
        is_open = np.ones(len(skeletons), dtype=bool)
        bits = np.where(words.place < PLACES, np.uint64(1) << words.place.astype(np.uint64), np.uint64(0))
        total = sums(words, words.value, skeletons)
        changed = at_place(np.full(len(words.place), VALUE_HASH), words.place) - words.value
        found = [np.zeros(0, dtype=np.int64)]
        for places, rests in self._rests.items():
            at = np.flatnonzero((bits & np.uint64(places)) > 0)
            rest = total.copy()
            np.add.at(rest, words.message[at], changed[at])
            fits = is_open & np.isin(rest, rests)
            found.append(at[fits[words.message[at]]])
            is_open &= ~fits
        return np.concatenate(found)


def first_of_each(alike: pl.DataFrame, most: int) -> pl.Series:
    """Whether a message is compared, of (shape, skeleton): at most `most`, the first by hash of each skeleton."""
    ranked = alike.select(hash=pl.col("shape").hash(), skeleton="skeleton").with_columns(
        rank=pl.col("hash").rank("ordinal").over("skeleton")
    )
    order = ranked.with_row_index("row").sort("rank", "hash", "skeleton")["row"].head(most)
    return pl.Series(np.isin(np.arange(alike.height), order.to_numpy()))


def sums(words: Words, value: npt.NDArray[np.uint64], skeletons: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Of each message the sum of its hashes, which stands for the message."""
    total = skeletons.copy()
    np.add.at(total, words.message, value)
    return total


def _places(words: Words, joined: npt.NDArray[np.bool_], messages: int) -> npt.NDArray[np.uint64]:
    """Of each message the places of these words, a bit each."""
    places = np.zeros(messages, dtype=np.uint64)
    np.bitwise_or.at(places, words.message[joined], np.uint64(1) << words.place[joined].astype(np.uint64))
    return places
