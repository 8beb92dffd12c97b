"""Records of stack traces: what every language's reader makes, and how chains and groups become leaf causes."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct, field

__all__ = ["Frame", "LineReader", "Raised", "Thrown", "Trace", "read_with", "told_trace"]

_VALUE_LINES = 50  # of an exception's text: validators write one line a field, dumps write thousands


class Frame(Struct, frozen=True):
    """One call: `module` dotted or a package path, `function` as the language names it."""

    module: str
    function: str
    is_in_app: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.function}"


class Thrown(Struct, frozen=True):
    """One exception: its type without package, its text, its frames from the outermost to the innermost."""

    type: str
    value: str
    frames: tuple[Frame, ...] = ()

    def in_app(self, most: int) -> tuple[str, ...]:
        """The innermost frames of the application, at most that many, outermost first; recursion told once."""
        told: dict[str, None] = {}
        for frame in reversed(self.frames):
            if frame.is_in_app:
                told[str(frame)] = None
                if len(told) == most:
                    break
        return tuple(reversed(told))


class Trace(Struct, frozen=True):
    """The exceptions of a text, those that caused the others first; `head` is what stood before them.

    The first `leaf_count` began it: one of a chain, several of a group, sorted and each once, in whatever order they
    were told.
    """

    language: str
    head: str
    chain: tuple[Thrown, ...]
    leaf_count: int = 1

    @property
    def leaf(self) -> Thrown:
        """The exception that started it, of several the first by name."""
        return self.chain[0]

    @property
    def leaves(self) -> tuple[Thrown, ...]:
        """All exceptions that started it."""
        return self.chain[: self.leaf_count]


class Raised(Struct):
    """An exception while its lines are read; `causes` are its cause and the members of a group alike."""

    type: str = ""
    value: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    causes: list["Raised"] = field(default_factory=list)

    @property
    def is_told(self) -> bool:
        """Whether anything is known of it."""
        return bool(self.type or self.frames)

    def close(self, *, innermost_first: bool) -> Thrown:
        """The record of it."""
        value = "\n".join(self.value[:_VALUE_LINES]).strip()
        return Thrown(short_type(self.type), value, tuple(self.frames[::-1] if innermost_first else self.frames))


class LineReader(Protocol):
    """Reads a trace line by line."""

    def take(self, line: str) -> None:
        """Read one line."""

    def close(self) -> Trace | None:
        """The trace of all lines that were read."""


def read_with(reader: LineReader, lines: Iterable[str]) -> Trace | None:
    """The trace that the reader finds in the lines."""
    for line in lines:
        reader.take(line)
    return reader.close()


def short_type(name: str) -> str:
    """Type without package, and without the number of an anonymous or the suffix of a generated class."""
    short = name
    for mark in ("::", ".", "/", "\\"):
        short = short.rpartition(mark)[2] or short
    short = short.partition("$$")[0] or short
    while "$" in short[1:]:
        before, _, number = short.rpartition("$")
        if not (number.isdigit() or number.startswith("<")):
            break
        short = before
    return short or name


def told_trace(language: str, head: Iterable[str], root: Raised | None, *, innermost_first: bool) -> Trace | None:
    """The trace of an outermost exception: its leaf causes first, then what they caused; None where nothing is told.

    `innermost_first` is the order in which the language tells frames.
    """
    if root is None:
        return None
    leaves: list[Thrown] = []
    rest: list[Thrown] = []
    waiting: list[tuple[Raised, bool]] = [(root, False)]
    while waiting:  # no recursion: a hostile text nests as deep as it is long
        raised, is_left = waiting.pop()
        causes = [cause for cause in raised.causes if cause.is_told or cause.causes]
        if causes and not is_left:
            waiting.append((raised, True))
            waiting += [(cause, False) for cause in reversed(causes)]
        elif raised.is_told:
            (rest if is_left else leaves).append(raised.close(innermost_first=innermost_first))
    if not leaves:
        return None
    if len(leaves) == 1:
        return Trace(language, "\n".join(head).strip(), (*leaves, *rest))
    distinct = list({(one.type, one.value, one.in_app(len(one.frames))): one for one in leaves}.values())
    distinct.sort(key=lambda one: (one.type, one.value, one.in_app(len(one.frames))))
    return Trace(language, "\n".join(head).strip(), (*distinct, *rest), len(distinct))
