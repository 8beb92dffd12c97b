"""Exceptions that structured entries tell in fields of their own: payloads in, text of the exception out.

Fields are found by what they hold, not by one logger's names: stack traces, objects with a type and a message, texts
under a key that says error. A placeholder such as {"type": "str", "message": "Missing field"} is none.
"""

import re
from typing import Any

import orjson
import polars as pl

from classifiers.frames import exception_in_line

__all__ = ["exceptions_in_payloads"]

_ERROR_NAMES = "err|error|exc|exc_info|exception|cause|error_?message|stack_?trace|stack|trace_?back"
_ERROR_KEY = re.compile(rf"(?i)\A(?:{_ERROR_NAMES})\Z")
_TRACE_LINE = re.compile(r"\n\s*(?:at |File )")
_NONE = "NoneType: None"  # Python's logging writes it where no exception was raised
_LEVELS = 2  # of nested objects that are searched
_EXCEPTION_TYPE = re.compile(r"(?:[A-Za-z_$][\w$]*[./\\:])*[A-Z][\w$]*\Z")
_TYPES = ("type", "name", "class", "exception.type", "error.type", "kind", "exc_type", "errorType")
_VALUES = ("value", "message", "msg", "exception.message", "error.message", "exc_message", "errorMessage")

# What a payload must hold as text, so that it can tell one of the three; each finds too many rather than too few.
_HINT = "stack|trace_?back|exc|err"
_TRACE_KEYS = f'"[^"]*(?:{_HINT})[^"]*"'
_TOLD_TRACE = r'(?:\\n|")(?:\s|\\[ntrf])*(?:at |File )'
_TOLD_TYPE = rf'"(?:{"|".join(re.escape(name) for name in _TYPES)})"\s*:\s*"[\w$./\\:]*[A-Z][\w$]*"'
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
    told = _told(pl.DataFrame({"place": hit.arg_true(), "payload": payloads.filter(hit)}))
    distinct = told.select("decides").unique(maintain_order=True)
    read = distinct.with_columns(
        text=pl.Series([_thrown_text(payload) for payload in distinct["decides"]], dtype=pl.String)
    )
    texts = told.join(read, on="decides", how="left", maintain_order="left")["text"]
    return found.scatter(told["place"], texts)


def _told(named: pl.DataFrame) -> pl.DataFrame:
    """The columns place and decides (JSON) of the payloads that may tell an exception.

    Most tell nothing but one text under the name of an error, often a logger's empty one, beside a message that is
    another each time: of those that field alone decides.
    """
    payload = pl.col("payload")
    full = named.with_columns(is_full=payload.str.contains(rf"{_TOLD_TRACE}|{_TOLD_TYPE}|\\u"))
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
    """The exception of one payload as text, looked for in fields of any name, two levels deep."""
    try:
        content = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    best: str | None = None
    stack: list[tuple[int, dict[str, Any]]] = [(0, content)] if isinstance(content, dict) else []
    while stack:
        depth, found = stack.pop()
        text = _told_exception(found)
        if text and (best is None or len(text) > len(best)):
            best = text
        if depth < _LEVELS:
            stack += [(depth + 1, value) for value in found.values() if isinstance(value, dict)]
    return best


def _told_exception(found: dict[str, Any]) -> str | None:
    """A trace in any text field; else `Type: value` of an object that has both; else `: text` of an error's field."""
    for key, value in found.items():
        if isinstance(value, list) and value and all(isinstance(line, str) for line in value):
            value = "\n".join(value)  # noqa: PLW2901 - a trace told as a list of lines
        if isinstance(value, str) and "\n" in value and key not in {"message", "msg"} and _TRACE_LINE.search(value):
            return value
    kind = next((found[key] for key in _TYPES if isinstance(found.get(key), str)), None)
    value = next((found[key] for key in _VALUES if isinstance(found.get(key), str)), None)
    if kind and value and _EXCEPTION_TYPE.match(kind) and not re.fullmatch(r"[A-Z]+", kind):
        return f"{kind}: {value}"
    for key, value in found.items():
        if isinstance(value, str) and " " in value.strip() and value.strip() != _NONE and _ERROR_KEY.search(key):
            named = exception_in_line(value)
            return f"{named.type}: {named.value}" if named and value.startswith(named.type) else f": {value}"
    return None
