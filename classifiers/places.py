"""Places: what a word proves about variability, and how much proof the place it stands at needs.

Evidence is counted in halves of a plain word: how many different words must be seen at one place, all else equal,
before the place is a variable. A noun that asks for a name (`user x`) needs few, `key=x` and quotes some, a preposition
more, any other place many, the first word of a message most: it names the part that speaks. The more plain words are
equal elsewhere, the fewer are needed: two statements seldom share six words and differ in one. Never fewer than three,
and four of `key=x`, where few values are a choice. Words that decide (states, verbs, constants, booleans) prove
nothing, however many they are.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from classifiers.shapes import VALUE_MARK

__all__ = ["AFTER_PREPOSITION", "GIVEN", "OF_VALUE", "facts_of_places", "facts_of_tokens", "needed_among"]

OF_VALUE = 6  # evidence of a word that is a value by its shape
_OF_WORD = 2
_OF_DECIDING = 0

_AFTER_NOUN, GIVEN, AFTER_PREPOSITION, _ANYWHERE, _FIRST = 6, 8, 10, 20, 40
_LESS_PER_WORD = 6  # that much less is needed for each plain word that is equal elsewhere

_NOUNS = (
    "user|username|host|hostname|node|server|file|filename|dir|directory|folder|path|device|interface|driver|module"
    "|process|thread|service|daemon|package|plugin|class|component|table|database|db|index|topic|queue|bucket|cluster"
    "|domain|group|account|role|volume|partition|container|image|pod|namespace|session|named|called|tenant|customer"
    "|project|job|task|channel|profile|application|app"
)
_PREPOSITIONS = "for|from|of|by|on|at|in|with|via|into|onto|as|through|against|under|within"
_DECIDING = (
    # small words of the language
    "a|an|the|and|or|not|no|yes|is|are|was|were|be|been|has|have|had|can|cannot|could|will|would|should|may|must"
    "|do|does|did|to|from|for|of|by|at|with|without|after|before|than|then|too|very|this|that|these|those|its|it|all"
    "|any|some"
    # opposite states
    "|true|false|on|off|ok|up|down|in|out|new|old|first|last|next|previous|success|failure|error"
    "|warning|info|debug|fatal|critical|lost|sent|done|min|max|low|high|local|remote|unknown|valid|invalid"
    # what is done
    "|get|post|put|patch|delete|head|options|connect|trace|read|write|open|close|start|stop|begin|end|create|update"
    "|remove|add|set|unset|enable|disable|send|receive|load|save|lock|unlock|login|logout|succeed|fail|abort|retry"
    "|accept|reject|allow|deny|kill|launch|cleanup|commit|rollback"
)
_IS_DECIDING = rf"\A(?:(?i:{_DECIDING})|[A-Za-z]?[a-z]+(?:ed|ing)|[A-Z][A-Z_]+)\z"  # CAPITALS: a constant
_QUOTES = "'\"`"
_BRACKETS = tuple("([{<"), tuple(")]}>")


def facts_of_tokens(tokens: pl.Series) -> pl.DataFrame:
    """Of each token, in order: whether it is a word, its hash, what it proves, what it asks of the next word."""
    keyed = pl.DataFrame({"token": tokens}).select("token", key=pl.col("token").hash())
    bare = pl.col("token").str.strip_prefix(" ")
    known = keyed.unique("key").select(
        "key",
        is_word=bare.str.contains(rf"\A(?:[\w{VALUE_MARK}$@~]|['\"`].)"),
        value=bare.hash(),
        evidence=_evidence(bare),
        needed_behind=pl.when(bare.str.contains(rf"\A(?i:{_NOUNS})\z"))
        .then(_AFTER_NOUN)
        .when(bare == "=")
        .then(GIVEN)
        .when(bare.str.contains(rf"\A(?i:{_PREPOSITIONS})\z"))
        .then(AFTER_PREPOSITION)
        .otherwise(_ANYWHERE)
        .cast(pl.UInt8),
        is_quoted=bare.str.contains(r"\A['\"`]."),
        is_tight=~pl.col("token").str.starts_with(" "),
        is_colon=bare == ":",
        opens=bare.replace_strict(dict(zip(_BRACKETS[0], (1, 2, 3, 4), strict=True)), default=0, return_dtype=pl.UInt8),
        closes=bare.replace_strict(
            dict(zip(_BRACKETS[1], (1, 2, 3, 4), strict=True)), default=0, return_dtype=pl.UInt8
        ),
    )
    return keyed.select("key").join(known, on="key", maintain_order="left")


def facts_of_places(
    facts: pl.DataFrame, is_first: npt.NDArray[np.bool_], place: npt.NDArray[np.uint16]
) -> npt.NDArray[np.uint8]:
    """What the place of each token needs.

    facts: of consecutive tokens; is_first: whether a message begins there, one longer; place: number of the word.
    """

    def column(name: str) -> npt.NDArray[np.uint8]:
        return facts[name].cast(pl.UInt8).to_numpy()

    def before(name: str, otherwise: int) -> npt.NDArray[np.uint8]:
        return np.where(is_first[:-1], otherwise, np.roll(column(name), 1)).astype(np.uint8)

    opens, closes = before("opens", 0), np.where(is_first[1:], 0, np.roll(column("closes"), -1))
    is_enclosed = (opens > 0) & (opens == closes)
    is_behind_key = (before("is_colon", 0) > 0) & (column("is_tight") > 0)
    needed = before("needed_behind", _ANYWHERE)
    needed = np.where(place == 0, _FIRST, needed)
    needed = np.where(is_enclosed, np.minimum(needed, AFTER_PREPOSITION), needed)
    return np.where((column("is_quoted") > 0) | is_behind_key, np.minimum(needed, GIVEN), needed).astype(np.uint8)


def needed_among(needed: npt.NDArray[np.uint8], plain_words: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """What places need where that many plain words are equal elsewhere in the message."""
    least = np.minimum(needed, np.where(needed == GIVEN, GIVEN, _AFTER_NOUN))
    enough: npt.NDArray[np.int64] = np.maximum(least, needed - _LESS_PER_WORD * plain_words)
    return enough.astype(np.uint8)


def _evidence(word: pl.Expr) -> pl.Expr:
    """What a word proves by being there; `word` in its quotes if it has any."""
    return (
        pl.when(word.str.strip_chars(_QUOTES) == VALUE_MARK)
        .then(OF_VALUE)
        .when(word.str.contains(_IS_DECIDING))
        .then(_OF_DECIDING)
        .otherwise(_OF_WORD)
        .cast(pl.UInt8)
    )
