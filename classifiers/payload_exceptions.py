"""Exceptions that structured entries tell in fields of their own: payloads in, text of the exception out.

Fields are found by what they hold, not by one logger's names: stack traces, objects with a type and a message, texts
under a key that says error. A placeholder such as {"type": "str", "message": "Missing field"} is none.
"""

import re
from typing import Any

import orjson
import polars as pl

from classifiers.frames import exception_in_line
from classifiers.frames.objects import plain_key, told_error, told_errors

__all__ = ["exceptions_in_payloads"]

_ERROR_NAMES = "err|error|exc|exc_?info|exception|cause|error_?message|stack_?trace|stack|trace_?back"
_ERROR_KEY = re.compile(rf"(?i)\A(?:{_ERROR_NAMES})\Z")
_NONE = "NoneType: None"  # Python's logging writes it where no exception was raised
_LEVELS = 4  # of nested objects and lists that are searched
_MOST_OBJECTS = 200  # of a payload that are looked at
_CHAIN_KEYS = {"values": True, "exception": False, "exceptions": False}  # lists of exceptions: innermost first?

# What a payload must hold as text, so that it can tell one of the three; each finds too many rather than too few.
_HINT = "(?i)stack|trace_?back|exc|err|backtrace"
_TRACE_KEYS = f'"[^"]*(?:{_HINT})[^"]*"'
_TOLD_TRACE = (
    r'(?:\\n|")(?:[\s|>]|\\[ntrf])*(?:at |File |from )|\\n(?:[\s|]|\\[ntrf])+[^"\s]+\.go:[0-9]|\.go:[0-9]+ \(0x'
    r"|\.py:[0-9]+ in |\.rb:[0-9]+:in|#0 |goroutine [0-9]|@[a-z]+://"
)
_TOLD_FRAMES = r'(?i)[{,]\s*"(?:line|line_?no|line_?number|func|function|method|frames|trace)"\s*:'
_TOLD_TYPE = r'(?i:"(?:[a-z]+[._]?)?(?:type|name|class|kind)")\s*:\s*"[\w$./\\:]*[A-Z][\w$]*"'
_STARTS_TEXT = rf'"(?i:{_ERROR_NAMES})"\s*:\s*"(?:[^"\\]|\\.)* '
_TOLD_TEXT = rf'{_STARTS_TEXT}(?:[^"\\]|\\.)*"'
_NESTED = r"\{[^{]*\{[^{]*\{[^{]*\{|\[\s*\{|\\u"  # perhaps deeper than is searched, or not written as itself


def exceptions_in_payloads(payloads: pl.Series) -> pl.Series:
    """The exception that a structured entry tells in fields of its own: a trace, or `Type: value`; else null."""
    hit = payloads.str.contains(_HINT).fill_null(value=False)
    if hit.any():
        hit = hit.clone().scatter(hit.arg_true(), payloads.filter(hit).str.contains(_TRACE_KEYS))
    found = pl.Series([None], dtype=pl.String).new_from_index(0, payloads.len())
    if not hit.any():
        return found
    told = _deciding(pl.DataFrame({"place": hit.arg_true(), "payload": payloads.filter(hit)}))
    distinct = told.select("decides").unique(maintain_order=True)
    read = distinct.with_columns(
        text=pl.Series([_thrown_text(payload) for payload in distinct["decides"]], dtype=pl.String)
    )
    texts = told.join(read, on="decides", how="left", maintain_order="left")["text"]
    return found.scatter(told["place"], texts)


def _deciding(named: pl.DataFrame) -> pl.DataFrame:
    """The columns place and decides (JSON) of the payloads that may tell an exception.

    Most tell nothing but one text under the name of an error, often a logger's empty one, beside a message that is
    another each time: of those that field alone decides.
    """
    payload = pl.col("payload")
    full = named.with_columns(is_full=payload.str.contains(rf"{_TOLD_TRACE}|{_TOLD_FRAMES}|{_TOLD_TYPE}|\\u"))
    fields = (
        full.filter(~pl.col("is_full"))
        .with_columns(fields=payload.str.extract_all(_TOLD_TEXT))
        .filter(payload.str.contains(_STARTS_TEXT))
    )
    is_alone = (pl.col("fields").list.len() == 1) & payload.str.ends_with("}") & ~payload.str.contains(_NESTED)
    field = pl.concat_str(pl.lit("{"), pl.col("fields").list.first(), pl.lit("}"))
    return pl.concat(
        [
            full.filter("is_full").select("place", decides="payload"),
            fields.select("place", decides=pl.when(is_alone).then(field).otherwise(payload)),
        ]
    )


def _thrown_text(payload: str) -> str | None:
    """The exception of one payload as text, looked for in fields of any name."""
    try:
        content = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    best: str | None = None
    waiting: list[tuple[int, str, Any]] = [(0, "", content)]
    for _ in range(_MOST_OBJECTS):
        if not waiting:
            break
        depth, key, found = waiting.pop()
        text = _told(key, found)
        if text and (best is None or _rank(text) > _rank(best)):
            best = text
        if depth < _LEVELS and not (text and "\n" in text):
            inner = found.items() if isinstance(found, dict) else (("", one) for one in found)
            waiting += [(depth + 1, name, one) for name, one in inner if isinstance(one, dict | list)]
    return best


def _rank(text: str) -> tuple[bool, int]:
    """A trace says more than a line, the longer one more than the shorter."""
    return "\n" in text, len(text)


def _told(key: str, found: dict[str, Any] | list[Any]) -> str | None:
    """The exception of an object or of a list of them; else `Type: value` or `: text` of an error's field."""
    if isinstance(found, list):
        order = _CHAIN_KEYS.get(plain_key(key))
        chain = [one for one in found if isinstance(one, dict)]
        return told_errors(chain, innermost_first=order) if order is not None and chain else None
    told = told_error(found)
    if told:
        return told
    for name, value in found.items():
        if isinstance(value, str) and " " in value.strip() and value.strip() != _NONE and _ERROR_KEY.search(name):
            named = exception_in_line(value)
            return f"{named.type}: {named.value}" if named and value.startswith(named.type) else f": {value}"
    return None
