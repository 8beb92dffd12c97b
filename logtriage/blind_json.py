"""Spells of blindness as plain JSON values."""

from typing import Any

from classifiers.blind import Blindness
from collector.window import format_ns

__all__ = ["blind_fields"]

_DIGITS = 9


def blind_fields(one: Blindness) -> dict[str, Any]:
    """One spell; `until` is null while it lasts."""
    return {
        "kind": one.kind,
        "subject": one.subject,
        "since": format_ns(one.since_ns, digits=_DIGITS),
        "until": None if one.until_ns is None else format_ns(one.until_ns, digits=_DIGITS),
        "sentence": one.sentence,
        "todo": one.todo,
        "is_news": one.is_news,
        "hides": one.hides,
        "is_lost": one.is_lost,
    }
