"""Templates: the set of masked messages in; for each the statement that wrote it, variable words as `<*>`, out.

The level above signatures, and no identity: it joins messages that differ only in words no mask knows (names, paths,
hosts, kept codes), to propose joins, to name neighbours and to tell chatter briefly. A template is a function of the
SET of distinct messages: never of their order, their counts or windows.

How: `shape` takes what looks like a value by itself. Of the words left, a word is variable when messages that are equal
elsewhere hold enough different words at its place (classifiers/places.py says how many are enough). Words of one
statement that vary together are found by leaving them out of the comparison together: those at places that ask for a
name, then those that are rare beside the others of their message. Last, what fits a template is of it
(classifiers/patterns.py).
"""

import hashlib

import numpy as np
import numpy.typing as npt
import polars as pl

from classifiers.patterns import Patterns, first_of_each, sums
from classifiers.places import AFTER_PREPOSITION, GIVEN, OF_VALUE, needed_among
from classifiers.shapes import VALUE, VALUE_MARK, shape
from classifiers.words import PLACES, VALUE_HASH, WORD, Words, at_place, read_words, with_values

__all__ = ["TEMPLATE_SCHEMA", "template_id", "templates"]

TEMPLATE_SCHEMA: dict[str, pl.DataType] = {
    "template": pl.String(),
    "template_id": pl.String(),  # 16 hex digits, from the template's text alone
}

_COMPARED = 200_000  # messages whose words are compared with one another: bounds memory; the others fit or stay
_AT_ONCE = 100_000  # of those others
_FEWEST = 3  # different words before a place can vary, unless one of them is a value by its shape; of key=x one more
_ROUNDS = 8  # one joined word makes the next comparable; each round joins one more word of a message
_RARE = 8  # times fewer messages than the most common word of its message: not of the statement's own words


def templates(messages: pl.Series) -> pl.DataFrame:
    """The template and its id of each message (TEMPLATE_SCHEMA, rows as in `messages`); a null has none.

    messages: texts as `mask` gives them. Time is near linear in the number of distinct messages. Of more than _COMPARED
    that are alike but for their words, those beyond it take the templates found (classifiers/patterns.py).
    """
    texts = messages.cast(pl.String)
    distinct = texts.unique().drop_nulls()
    shaped = pl.DataFrame({"message": distinct, "shape": shape(distinct)})
    shapes = shaped["shape"].unique()
    told = pl.DataFrame({"shape": shapes, "template": _joined(shapes)})
    named = told.select("template").unique()
    named = named.with_columns(
        template_id=pl.Series([template_id(text) for text in named["template"]], dtype=pl.String)
    )
    found = shaped.join(told, on="shape").join(named, on="template")
    every = pl.DataFrame({"message": texts})
    return every.join(found, on="message", how="left", maintain_order="left").select(list(TEMPLATE_SCHEMA))


def template_id(template: str) -> str:
    """The id of a template: a pure function of its text."""
    return hashlib.blake2b(template.encode(errors="replace"), digest_size=8, person=b"template").hexdigest()


def _joined(shapes: pl.Series) -> pl.Series:
    """The templates of distinct shapes. Only those that are alike but for their words are looked at."""
    told = pl.DataFrame({"shape": shapes}).with_columns(
        skeleton=pl.col("shape").str.replace_all(WORD, "w").hash(), row=pl.int_range(pl.len())
    )
    alike = told.filter(pl.len().over("skeleton") > 1)
    if alike.height:
        is_compared = first_of_each(alike, _COMPARED)
        compared, others = alike.filter(is_compared), alike.filter(~is_compared)
        words = read_words(compared["shape"])
        _join(words, compared["skeleton"].to_numpy())
        patterns = Patterns(words, compared["skeleton"].to_numpy())
        shapes = shapes.clone().scatter(compared["row"], _fitted(compared, words, patterns))
        for part in others.iter_slices(_AT_ONCE):
            shapes = shapes.scatter(part["row"], _fitted(part, read_words(part["shape"]), patterns))
    tight = rf"{VALUE_MARK}(?:[:+*x-]{VALUE_MARK})+"  # host and port, both found
    run = rf"{VALUE_MARK}(?:[ ,;]+{VALUE_MARK})+"
    return (
        shapes.str.replace_all(tight, VALUE_MARK)
        .str.replace_all(run, VALUE_MARK)
        .str.replace_all(VALUE_MARK, VALUE, literal=True)
    )


def _fitted(messages: pl.DataFrame, words: Words, patterns: Patterns) -> pl.Series:
    _mark(words, patterns.fitting(words, messages["skeleton"].to_numpy()))
    return with_values(messages["shape"], words)


def _join(words: Words, skeletons: npt.NDArray[np.uint64]) -> None:
    """Marks the words that are variable. skeletons: of each message what is left of it without its words."""
    if not len(words.place):
        return
    seen = words.place < PLACES
    _join_together(words, skeletons, np.flatnonzero(seen & (words.needed <= AFTER_PREPOSITION)))
    _join_together(words, skeletons, np.flatnonzero(seen & _is_rare(words, skeletons)))
    _join_each(words, skeletons)


def _join_each(words: Words, skeletons: npt.NDArray[np.uint64]) -> None:
    for _ in range(_ROUNDS):
        if not _join_singly(words, skeletons):
            break
    _mark(words, Patterns(words, skeletons).fitting(words, skeletons))


def _join_together(words: Words, skeletons: npt.NDArray[np.uint64], left_out: npt.NDArray[np.int64]) -> None:
    """Joins words of which messages have several: messages are equal when they are so without all words left out."""
    value = words.value.copy()
    value[left_out] = at_place(np.full(len(left_out), VALUE_HASH), words.place[left_out])
    rest = sums(words, value, skeletons)
    is_left_out = np.zeros(len(value), dtype=bool)
    is_left_out[left_out] = True
    is_proved = np.zeros(len(value), dtype=bool)
    plain = _plain_words(words, ~is_left_out, len(skeletons))
    for at in words.slices():
        message = words.message[at]
        is_proved[at] = is_left_out[at] & (_proof(words, at, rest[message], plain[message]) > 0)
    _mark(words, np.flatnonzero(is_proved))


def _join_singly(words: Words, skeletons: npt.NDArray[np.uint64]) -> bool:
    """Joins of each message the one word with the best proof, among messages equal elsewhere; whether it joined any."""
    rest = sums(words, words.value, skeletons)
    best = np.zeros(len(skeletons), dtype=np.uint32)
    chosen = np.full(len(skeletons), -1, dtype=np.int64)
    plain = _plain_words(words, np.ones(len(words.place), dtype=bool), len(skeletons))
    for at in words.slices():
        message = words.message[at]
        proof = _proof(words, at, rest[message] - words.value[at], plain[message] - _is_plain(words, at))
        proof[words.is_variable[at]] = 0
        better = (proof > 0) & (proof >= best[message])  # of equals the later word: names stand behind verbs
        best[message[better]] = proof[better]
        chosen[message[better]] = np.flatnonzero(better) + at.start
    taken = chosen[chosen >= 0]
    _mark(words, taken)
    return bool(len(taken))


def _is_plain(words: Words, at: slice) -> npt.NDArray[np.bool_]:
    """Words that are no value: of the statement itself, as far as is known."""
    is_plain: npt.NDArray[np.bool_] = ~words.is_variable[at] & (words.evidence[at] != OF_VALUE)
    return is_plain


def _plain_words(words: Words, counted: npt.NDArray[np.bool_], messages: int) -> npt.NDArray[np.int64]:
    """Of each message the number of its plain words among those `counted`."""
    return np.bincount(words.message[_is_plain(words, slice(None)) & counted], minlength=messages)


def _is_rare(words: Words, skeletons: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Words held by far fewer messages of their skeleton than each of the commoner two thirds of their message."""
    frame = pl.DataFrame({"message": words.message, "skeleton": skeletons[words.message], "value": words.value})
    frame = frame.with_columns(count=pl.len().over("skeleton", "value"), is_word=~words.is_variable)
    typical = (
        frame.filter("is_word")
        .group_by("message")
        .agg(pl.col("count").quantile(1 / 3, "lower"))
        .select("message", typical="count")
    )
    of_message = np.zeros(len(skeletons), dtype=np.int64)
    of_message[typical["message"].to_numpy()] = typical["typical"].cast(pl.Int64).to_numpy()
    return (frame["count"].to_numpy().astype(np.int64) * _RARE <= of_message[words.message]) & ~words.is_variable


def _proof(
    words: Words, at: slice, others: npt.NDArray[np.uint64], plain: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint32]:
    """Per word of one place: evidence of messages with equal `others`, in percent of what is needed; 0: not enough.

    plain: number of plain words among the others.
    """
    proofs = np.zeros(len(others), dtype=np.uint32)
    rows = np.flatnonzero(_is_repeated(others))
    if not len(rows):
        return proofs
    value = words.value[at]
    rows = rows[np.lexsort((value[rows], others[rows]))]  # those with equal others together, equal words in them too
    begins = _changes(others[rows])
    distinct = begins | _changes(value[rows])
    pairs, starts = rows[distinct], np.flatnonzero(begins[distinct])
    evidence = words.evidence[at][pairs]
    of_place = words.needed[at][pairs]
    needed = np.minimum.reduceat(needed_among(of_place, plain[pairs]), starts)
    fewest = np.minimum.reduceat(np.where(of_place == GIVEN, _FEWEST + 1, _FEWEST), starts)
    has_value = np.maximum.reduceat(evidence, starts) == OF_VALUE
    total = np.add.reduceat(evidence.astype(np.uint32), starts)
    many = np.diff(starts, append=len(pairs))
    is_proved = (many >= np.where(has_value, 2, fewest)) & (total >= needed)
    proofs[rows] = np.where(is_proved, total * 100 // needed, 0)[np.cumsum(begins) - 1]
    return proofs


def _is_repeated(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which of the values come more than once."""
    _, group, many = np.unique(values, return_inverse=True, return_counts=True)
    is_repeated: npt.NDArray[np.bool_] = many[group] > 1
    return is_repeated


def _changes(ordered: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Where a value is another than the one before it, the first one always."""
    is_other: npt.NDArray[np.bool_] = np.append(True, ordered[1:] != ordered[:-1])
    return is_other


def _mark(words: Words, taken: npt.NDArray[np.int64]) -> None:
    """Makes the words variable."""
    words.value[taken] = at_place(np.full(len(taken), VALUE_HASH), words.place[taken])
    words.evidence[taken] = OF_VALUE
    words.is_variable[taken] = True
