"""Texts in; the stack trace that they hold out, whatever language wrote it. The text may be masked or raw."""

import re
from collections.abc import Callable

from msgspec import Struct

from classifiers.frames import dotnet, go, java, node, php, python, ruby
from classifiers.frames.base import Trace
from classifiers.frames.lines import ESCAPED, most_likely_lines, other_lines

__all__ = ["READERS", "Reader", "read_trace"]


class Reader(Struct, frozen=True):
    """A language: whether a text with these lines that begin with `at` can hold a trace of it; the trace of lines."""

    may_hold: Callable[[str, list[str]], bool]
    read: Callable[[list[str]], Trace | None]


_BROWSER = re.compile(r"@(?:[a-z-]+://|/)\S{1,300}?:(?:\d+|<number>):(?:\d+|<number>)")
_CALLS_LOOKED_AT = 40  # of lines that begin with `at`, until one tells its language
_ONE_LINE = (
    "panic",
    "fatal error: ",
    "goroutine ",
    "PHP ",
    "Uncaught ",
    'File "',
    ".rb:",
    "Traceback (",
    "\tat ",
    "    at ",
)


def _told_by(is_frame: Callable[[str], bool]) -> Callable[[str, list[str]], bool]:
    """Whether one of the lines that begin with `at` is a frame of the language."""
    return lambda _, calls: any(is_frame(line) for line in calls)


def _in_browser(text: str, _calls: list[str]) -> bool:
    return "@" in text and bool(_BROWSER.search(text))


# In this order: a trace may stand in the text of an exception of another language, and the outer one tells.
READERS: dict[str, Reader] = {
    "python": Reader(lambda text, _: python.may_hold(text), python.read),
    "go": Reader(lambda text, _: go.may_hold(text), go.read),
    "java": Reader(_told_by(java.is_frame), java.read),
    "node": Reader(_told_by(node.is_frame), node.read),
    "dotnet": Reader(_told_by(dotnet.is_frame), dotnet.read),
    "ruby": Reader(lambda text, _: ruby.may_hold(text), ruby.read),
    "php": Reader(lambda text, _: php.may_hold(text), php.read),
    "browser": Reader(_in_browser, node.read),
}


def read_trace(text: str) -> Trace | None:
    """The stack trace that the text holds, None where it holds none.

    Line ends written as two characters, as inside a JSON string that was logged as text, count as line ends. Of a text
    of more than 65,536 characters the beginning and the end are read; the time is linear in the length.
    """
    if "\n" not in text and ESCAPED not in text and not any(mark in text for mark in _ONE_LINE):
        return None
    trace = _first(text, most_likely_lines(text))
    if trace is None:
        others = other_lines(text)
        trace = _first(text, others) if others else None
    return trace


def _first(text: str, lines: list[str]) -> Trace | None:
    """The trace of the first language that finds one."""
    calls = [line for line in lines if line.lstrip(" \t\"'").startswith("at ")] if "at " in text else []
    for reader in READERS.values():
        if reader.may_hold(text, calls[:_CALLS_LOOKED_AT]):
            trace = reader.read(lines)
            if trace:
                return trace
    return None
