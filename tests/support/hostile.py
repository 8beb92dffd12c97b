"""Findings in which every text is hostile: what logs, revisions and traces may hold, in every field that carries it."""

from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from msgspec import Struct

from classifiers.findings import Findings
from collector.replacing import replace

__all__ = ["HOSTILE", "poisoned"]

HOSTILE = {
    "tags": "<script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt;</td></table>",
    "backticks": "a `b` ``c`` ```d``` ````e ` f``",
    "pipes": "a|b||c\\|d `e|f` |---|---| \\",
    "markdown": "# head\n- list\n> quote\n* * *\n[a](javascript:alert(1)) ![i](http://x/y) <http://x> **b** _e_ ~~s~~",
    "fences": "```\n</code></pre>\n~~~\n```sh",
    "colour": "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\\x1b]0;title\x07\x9b2J",
    "unseen": "abc\u202efdp.exe\u2066x\u2069\u200b\u200e\u200f\ufeff\u2028\u2029\xad\U000e0041",
    "lines": "one\r\n\r\ntwo\n\n    three\tfour\x00\x0b\x0c\x85five",
    "templates": "{{ 7 * 7 }}{% raw %}{# x #}{{ config }}${HOME}$(id)%s%n",
    "mentions": "@everyone #12 https://evil.example www.evil.example GH-1 :tada: a@b.example",
    "wide": "通信エラー" * 40 + "👩‍👩‍👧" * 30,
    "long": "x" * 1_000_000,
}
_KEPT = {"type", "origin_counts"}  # texts with known values only


def poisoned(findings: Findings, text: str) -> Findings:
    """The findings with this text in the place of every free one."""
    return _poisoned(findings, text)  # type: ignore[no-any-return] # of the type that it was given


def _poisoned(value: Any, text: str) -> Any:
    hints = get_type_hints(type(value))
    changed = {
        name: _other(getattr(value, name), hints[name], text) for name in value.__struct_fields__ if name not in _KEPT
    }
    return replace(value, **changed)


def _other(value: Any, hint: Any, text: str) -> Any:
    """A free text, or what holds some; what is none of both as it is."""
    if isinstance(value, str):
        return text if str in (hint, *_choices(hint)) else value
    if isinstance(value, Struct):
        return _poisoned(value, text)
    if isinstance(value, tuple):
        inner = next((one for one in (hint, *_choices(hint)) if get_origin(one) is tuple), None)
        hints = get_args(inner) if inner is not None else ()
        return tuple(
            _other(one, hints[min(at, len(hints) - 2)] if hints else Any, text) for at, one in enumerate(value)
        )
    return value


def _choices(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if isinstance(hint, UnionType) else ()
