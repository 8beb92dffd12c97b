"""Careful hands for JSON that comes from outside: each function gives what it can use and never raises.

Payloads of audit entries are hostile by law 8: any field may be missing, of another type, or absurdly large.
Numbers of python-client dumps are floats (`100.0`), those of the REST API are text (`"91"`): both are whole here.
"""

import re
from collections.abc import Iterator
from typing import Any

from collector.errors import ConfigError
from collector.window import parse_instant_ns

__all__ = ["at", "flag", "instant_ns", "items", "mapping", "named", "text", "whole"]

_LONGEST_TEXT = 4096  # characters; names are far shorter, and messages of the platform stay below it
_LARGEST_WHOLE = 2**53  # above it a float of JSON is no longer exact
_LONGEST_INSTANT = 64
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def mapping(value: object) -> dict[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[dict[str, Any]]:
    """The objects in a list; whatever else is in it is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """The value when it is text, cut to 4,096 characters and free of halves of surrogate pairs; else ""."""
    if not isinstance(value, str):
        return ""
    short = value[:_LONGEST_TEXT]
    return short if short.isascii() else short.encode("utf-8", "replace").decode("utf-8")


def whole(value: object) -> int | None:
    """A whole number given as int, float or digits; None for anything else, fractions and infinities."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        digits = value.strip()
        if not digits.isascii() or not digits.lstrip("-").isdigit() or len(digits) > len(str(_LARGEST_WHOLE)):
            return None
        value = int(digits) if digits.count("-") == digits.startswith("-") else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    return value if isinstance(value, int) and abs(value) <= _LARGEST_WHOLE else None


def flag(value: object) -> bool | None:
    """True or False given as such or as text in any case (gcloud writes `"True"` and `"true"`); else None."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(text(value).strip().lower())


def instant_ns(value: object) -> int | None:
    """Nanoseconds since 1970 UTC of an RFC 3339 text, else None."""
    stripped = text(value).strip()
    if len(stripped) > _LONGEST_INSTANT or not _DATE.match(stripped):
        return None
    try:
        return parse_instant_ns(stripped, name="timestamp", now_ns=0)
    except ConfigError:
        return None


def at(value: object, *path: str) -> Any:
    """What lies at the end of the path through nested objects, None where the path breaks off."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def named(value: object) -> Iterator[tuple[str, Any]]:
    """Key and value of an object whose keys are text, in its order; nothing for anything else."""
    for key, inner in mapping(value).items():
        if isinstance(key, str):
            yield text(key), inner
