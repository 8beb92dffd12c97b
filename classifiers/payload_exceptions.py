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

_TRACE_KEYS = '"[^"]*(?:stack|trace_?back|exc|err)[^"]*"'
_ERROR_KEY = re.compile(
    r"(?i)\A(?:err|error|exc|exc_info|exception|cause|error_?message|stack_?trace|stack|trace_?back)\Z"
)
_LEVELS = 2  # of nested objects that are searched
_EXCEPTION_TYPE = re.compile(r"(?:[A-Za-z_$][\w$]*[./\\:])*[A-Z][\w$]*\Z")
_TYPES = ("type", "name", "class", "exception.type", "error.type", "kind", "exc_type", "errorType")
_VALUES = ("value", "message", "msg", "exception.message", "error.message", "exc_message", "errorMessage")


def exceptions_in_payloads(payloads: pl.Series) -> pl.Series:
    """The exception that a structured entry tells in fields of its own: a trace, or `Type: value`; else null."""
    hit = payloads.str.contains(_TRACE_KEYS).fill_null(value=False)
    found = pl.Series([None], dtype=pl.String).new_from_index(0, payloads.len())
    if not hit.any():
        return found
    return found.scatter(
        hit.arg_true(), pl.Series([_thrown_text(text) for text in payloads.filter(hit)], dtype=pl.String)
    )


def _thrown_text(payload: str) -> str | None:
    """The exception of one payload as text, looked for in fields of any name, two levels deep."""
    try:
        content = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    best: str | None = None
    stack: list[tuple[int, Any]] = [(0, content)]
    while stack:
        depth, found = stack.pop()
        if not isinstance(found, dict):
            continue
        text = _told_exception(found)
        if text and (best is None or len(text) > len(best)):
            best = text
        if depth < _LEVELS:
            stack += [(depth + 1, value) for value in found.values()]
    return best


def _told_exception(found: dict[str, Any]) -> str | None:
    """A trace in any text field; else `Type: value` of an object that has both; else `: text` of an error's field."""
    for key, value in found.items():
        if isinstance(value, list) and value and all(isinstance(line, str) for line in value):
            value = "\n".join(value)  # noqa: PLW2901 - a trace told as a list of lines
        if isinstance(value, str) and key not in {"message", "msg"} and re.search(r"\n\s*(?:at |File )", value):
            return value
    kind = next((found[key] for key in _TYPES if isinstance(found.get(key), str)), None)
    value = next((found[key] for key in _VALUES if isinstance(found.get(key), str)), None)
    if kind and value and _EXCEPTION_TYPE.match(kind) and not re.fullmatch(r"[A-Z]+", kind):
        return f"{kind}: {value}"
    for key, value in found.items():
        if isinstance(value, str) and _ERROR_KEY.search(key) and " " in value.strip():
            named = exception_in_line(value)
            return f"{named.type}: {named.value}" if named and value.startswith(named.type) else f": {value}"
    return None
