"""Written numbers with the tolerance of their wording: `50+`, `about 40`, `over 100`, `1.2k`, `40-50`, `80 %`."""

import re

from msgspec import Struct

from classifiers.claims.records import Amount

__all__ = ["Found", "find_amounts", "find_percents", "find_ratios", "written"]

_WORDS = {
    "zero": 0, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "a hundred": 100,
    "a dozen": 12,
}  # fmt: skip
_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,12}(?:\.\d{1,6})?(?!\d))"
_HEDGE = (
    r"about|around|roughly|approximately|approx\.?|circa|ca\.?|some|nearly|almost|close to|up to|at most|no more than|"
    r"not more than|fewer than|less than|under|below|over|more than|above|at least|no fewer than|exactly|precisely|"
    r"well over|upwards of|maximum|minimum|only|just|~|≈|≥|>=|>|≤|<=|<"
)
_AMOUNT = re.compile(
    rf"(?<![\w.,:/#$-])(?:(?P<hedge>{_HEDGE})\s*)?(?P<number>{_NUMBER})(?:\s?[-\u2013]\s?(?P<to>{_NUMBER}))?(?P<k>\s?[kK])?"
    rf"(?P<plus>\s?\+)?(?!(?![xX]\b)[\w%:/]|[.,]\d|\s?%|-\w)|"
    rf"\b(?:(?P<hedge2>{_HEDGE})\s+)?(?P<word>{'|'.join(_WORDS)})\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(
    rf"(?:(?P<hedge>{_HEDGE})\s*)?(?<![\w.])(?P<number>\d{{1,6}}(?:\.\d{{1,6}})?)\s?(?:%|percent\b|per cent\b)",
    re.IGNORECASE,
)
_RATIO = re.compile(
    rf"(?<![\w./-])(?P<some>{_NUMBER})\s?(?:/|of(?: the| all)?|out of)\s?(?P<all>{_NUMBER})(?![\w/%]|\.\d)",
    re.IGNORECASE,
)
_ABOUT = {"about", "around", "roughly", "approximately", "approx", "circa", "ca", "some", "~", "≈", "close to"}
_OVER = {"over", "more than", "above", "well over", "upwards of", ">"}
_FROM = {"at least", "no fewer than", "≥", ">=", "minimum"}
_UNDER = {"fewer than", "less than", "under", "below", "<"}
_UP_TO = {"up to", "at most", "no more than", "not more than", "≤", "<=", "maximum"}
_NEARLY = {"nearly", "almost"}
_ENDLESS = float("inf")
_ABOUT_FITS, _ABOUT_REFUTES = 0.1, 0.3  # shares by which `about` may be off, and must be off to be wrong
_EXACT_REFUTES = 0.03
_PERCENT_FITS, _PERCENT_REFUTES = 1.0, 5.0  # points; counting rules of people differ by more than rounding
_EDGE = 1.02  # one who says `under 50` of 50 is not wrong
_THOUSAND = 1000


class Found(Struct, frozen=True):
    """Where in a text an amount stands; `of` is the whole of a ratio."""

    start: int
    end: int
    amount: Amount
    of: Amount | None = None


def written(number: float, text: str, hedge: str = "", *, to: float | None = None) -> Amount:
    """The amount of a number with the word before it."""
    word = hedge.lower().strip().rstrip(".")
    near = 0 if number == 0 else max(number * _EXACT_REFUTES, 1)  # one more or less came in late, or was left out
    low, high, least, most = number, to or number, number - near, (to or number) + near
    if to is None and word in _ABOUT:
        near, far = max(number * _ABOUT_FITS, 1), max(number * _ABOUT_REFUTES, 2)
        low, high, least, most = number - near, number + near, number - far, number + far
    elif to is None and word in _NEARLY:
        low, least, most = number * (1 - 2 * _ABOUT_FITS), number * (1 - _ABOUT_REFUTES), number * _EDGE
    elif word in _OVER:
        low, high, least, most = number + 1, _ENDLESS, number * (2 - _EDGE), _ENDLESS
    elif word in _FROM:
        least, high, most = number, _ENDLESS, _ENDLESS
    elif word in _UNDER:
        low, high, least, most = 0, number - 1, 0, number * _EDGE
    elif word in _UP_TO:
        low, least, most = 0, 0, number * _EDGE
    return Amount(low, high, least, most, text)


def find_amounts(text: str) -> list[Found]:
    """Every plain number, in order; percentages, ratios, times and names must have been blanked before."""
    found = []
    for match in _AMOUNT.finditer(text):
        said = match.group(0).strip()
        if match["word"]:
            amount = written(_WORDS[match["word"].lower()], said, match["hedge2"] or "")
        else:
            times = _THOUSAND if match["k"] else 1
            upper = _plain(match["to"]) * times if match["to"] else None
            number = _plain(match["number"]) * times
            if upper is not None and upper <= number:
                continue
            hedge = "at least" if match["plus"] else match["hedge"] or ("about" if match["k"] else "")
            amount = written(number, said, hedge, to=upper)
        found.append(Found(match.start(), match.end(), amount))
    return found


def find_percents(text: str) -> list[Found]:
    """Every percentage, as points."""
    found = []
    for match in _PERCENT.finditer(text):
        number, word = float(match["number"]), (match["hedge"] or "").lower()
        amount = written(number, match.group(0).strip(), word)
        if amount.low == amount.high or word in _ABOUT:
            digits = len(match["number"].partition(".")[2])
            edge = max(0.5 * 10**-digits, min(number, 100 - number) / 4)  # close to 0 and 100 a point says much
            near = min(_PERCENT_FITS, edge) * (3 if word in _ABOUT else 1)
            far = _PERCENT_REFUTES * (2 if word in _ABOUT else 1)
            amount = Amount(number - near, number + near, number - far, number + far, amount.text)
        found.append(Found(match.start(), match.end(), amount))
    return found


def find_ratios(text: str) -> list[Found]:
    """Every `94 of 96`, `94/96`, `0 out of 118`, where the part is no more than the whole."""
    found = []
    for match in _RATIO.finditer(text):
        some, every = _plain(match["some"]), _plain(match["all"])
        if some <= every and every > 1:
            said = match.group(0).strip()
            found.append(Found(match.start(), match.end(), written(some, said), written(every, said)))
    return found


def _plain(number: str) -> float:
    return float(number.replace(",", ""))
