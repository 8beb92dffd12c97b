"""Traces of Ruby: of the interpreter in either order and quoting, of loggers, and causes behind them."""

import re
from functools import lru_cache

from classifiers.frames.base import Frame, Raised, Trace, read_with, told_trace
from classifiers.frames.lines import plain
from classifiers.frames.names import library_path, place_path, steady
from classifiers.frames.thrown import split_header

__all__ = ["frame_of", "may_hold", "read"]

_LONGEST_LINE = 1000  # of a frame; what is longer is text
_FRAME = re.compile(
    r"\s*[\"']?(?:(?P<number>\d+|<number>): )?(?:from )?"
    r"(?P<path>(?:[A-Za-z]:)?[^\s:\"'`]*(?:\.(?:rb|erb|rake|ru|haml|slim)|"
    r"/(?:bin|exe)/[\w.-]+)|<internal:[^>]*>|\(eval[^)]*\)):(?:\d+|<number>)(?::in [`'](?P<function>[^'`]*)')?"
    r"(?:: (?P<value>.*)|[\"',]*\Z)"
)
_NAMED = re.compile(r"(?P<value>.*?) ?\((?P<type>[A-Z]\w*(?:::\w+)*)\)(?P<colon>:?)\Z")
_LEADS = re.compile(r"(?P<type>[A-Z]\w*(?:::\w+)*) \((?P<value>.*)\):?\Z")
_PREFIXED = re.compile(r"(?P<type>(?:[A-Z]\w*::)+[A-Z]\w*)(?:: (?P<value>.*)|\Z)")
_WITHIN = re.compile(r"\A(?:(?:block|rescue|ensure)(?: \([^)]*\))? in )+")
_CLASS = re.compile(r"\A[A-Z][\w:]*[#.](?=.)")
_LIBRARY = re.compile(
    r"/gems/|/lib/ruby/|/usr/share/ruby|\A<internal:|\A\(eval|/rubygems|/\.(?:rbenv|rvm|asdf)/|/usr/local/bundle/|/vendor/bundle/"
    r"|/(?:bin|exe)/(?:bundle|rake|rails|puma|ruby|rspec|sidekiq|unicorn|irb)\Z"
)
_GEM = re.compile(r".*/gems/|.*/lib/ruby/(?:[^/]*/)?")


def may_hold(text: str) -> bool:
    """Whether a text can hold a trace of Ruby."""
    return ".rb:" in text or ".ru:" in text or ".rake:" in text or ".erb:" in text


def frame_of(path: str, function: str) -> Frame:
    """The frame of a file and a method, without its class, which older versions do not tell."""
    is_library = bool(_LIBRARY.search(path))
    module = _GEM.sub("", library_path(path)) if is_library else place_path(path)
    name = _CLASS.sub("", _WITHIN.sub("", function)) or "<main>"
    return Frame(steady(module).removesuffix(".rb"), name if name.startswith("<") else steady(name), not is_library)


@lru_cache(maxsize=8192)
def _frame(line: str) -> tuple[Frame, str | None, bool] | None:
    """The frame that a line tells, what it says behind it, and whether it is numbered, as where the outermost leads."""
    found = _FRAME.match(line)
    if not found:
        return None
    return frame_of(found["path"], found["function"] or ""), found["value"], bool(found["number"])


def read(lines: list[str]) -> Trace | None:
    """The trace that the lines hold."""
    return read_with(_Reader(), lines)


class _Reader:
    """A trace while its lines are read: each exception is followed by its cause."""

    def __init__(self) -> None:
        self.head: list[str] = []
        self.root: Raised | None = None
        self.current: Raised | None = None
        self.pending: list[str] = []
        self.numbered: list[Frame] = []

    def take(self, line: str) -> None:
        """Read one line."""
        read = _frame(line) if len(line) <= _LONGEST_LINE and ":" in line else None
        if not read:
            self.pending.append(line)
            return
        frame, value, is_numbered = read
        if is_numbered:
            self.numbered.append(frame)
        elif value is not None:
            self._lead(frame, value)
        else:
            self._add(frame)

    def _lead(self, frame: Frame, value: str) -> None:
        """The innermost frame with the exception behind it: an exception begins."""
        if self.root is None:
            self.head = [line for line in self.pending if "Traceback (most recent call last)" not in line]
        named = _NAMED.match(value)
        self._raise(named["type"] if named else "", [named["value"] if named else value])
        self._current().frames = [frame, *reversed(self.numbered)]
        self.numbered, self.pending = [], []

    def _add(self, frame: Frame) -> None:
        current = self.current
        if self.pending and current and current.frames and not current.type:
            self._close_text(current)
        if self.pending or current is None:
            self._name()
        self._current().frames.append(frame)

    def _close_text(self, raised: Raised) -> None:
        """A text of several lines: its type stands behind the first or the last."""
        for at, line in enumerate(self.pending):
            named = _NAMED.match(line) if len(line) <= _LONGEST_LINE else None
            if named:
                raised.type = named["type"]
                raised.value += [*self.pending[:at], named["value"]]
                self.pending = []
                return

    def _name(self) -> None:
        """The lines before a frame name its exception, or are the text of the one that leads."""
        pending, self.pending = [line for line in self.pending if line.strip()], []
        current = self.current
        if current and len(current.frames) == 1 and current.type and not _named(pending):
            current.value += pending
            return
        named = _named(pending)
        if named or current is None:
            before, kind, value = named or (pending, "", [])
            if self.root is None:
                self.head = before
            self._raise(kind, value)

    def _raise(self, kind: str, value: list[str]) -> None:
        raised = Raised(kind, value)
        if self.current:
            self.current.causes.append(raised)
        else:
            self.root = raised
        self.current = raised

    def _current(self) -> Raised:
        if self.current is None:
            self._raise("", [])
        return self.current or Raised()

    def close(self) -> Trace | None:
        """The trace of what was read."""
        if self.numbered:  # its end was cut off, where the exception stood
            self._current().frames += reversed(self.numbered)
        if self.current and self.current.frames and not self.current.type and self.pending:
            self._close_text(self.current)
        return told_trace("ruby", self.head, self.root, innermost_first=True)


def _named(lines: list[str]) -> tuple[list[str], str, list[str]] | None:
    """What stood before the exception, its type and the lines of its text; None where no line names one."""
    for at in range(len(lines) - 1, max(-1, len(lines) - 10), -1):
        line = plain(lines[at])[:_LONGEST_LINE]
        found = _LEADS.match(line) or _LEADS.match(line + ")") or _PREFIXED.match(line)
        if found:
            return lines[:at], found["type"], [found["value"] or "", *lines[at + 1 :]]
    return split_header(lines) if lines else None
