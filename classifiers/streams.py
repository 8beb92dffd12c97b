"""One stream, line by line: which event each line belongs to. Decided by what the lines are, and by the time between.

Lines of other threads may stand between the lines of an event.
"""

from typing import NamedTuple

from classifiers.line_roles import Role

__all__ = ["Line", "Stream"]

_TRACE_REACH_NS = 50_000_000  # between two parts of one traceback; a busy instance writes them microseconds apart
_HEAD_REACH_NS = 5_000_000  # between a log line and the traceback it announces
_LINE_REACH_NS = 1_000_000  # between two lines of one write
_WRITE_REACH_NS = 100_000  # the same, of lines whose text only hints that they belong together
_FITS, _MAY_FIT = 2, 1


class Line(NamedTuple):
    """What is read of a line: see line_columns in classifiers/line_roles.py."""

    role: int
    at_ns: int
    is_failure: bool
    is_named: bool
    awaits: bool
    fits: int
    ends_open: bool
    depth: int
    has_odd_quotes: bool


class Stream:
    """Where the next line can go on: the event before, the failure before, and the traceback that is still open."""

    __slots__ = (
        "depth", "ends_open", "failed", "failed_is_traced", "failed_ns", "goes_on", "has_odd_quotes", "is_chained",
        "is_done", "is_thrown", "last", "last_fails", "last_ns", "left", "left_depth", "left_ns", "left_odd_quotes",
        "open", "open_ns",
    )  # fmt: skip

    def __init__(self) -> None:
        self.last, self.last_ns, self.last_fails = -1, 0, False
        self.goes_on = False  # the event before began as a logger begins a line, or is a traceback
        self.depth, self.has_odd_quotes, self.ends_open = 0, False, False  # what the event before left open
        # the event before that, when a line of another thread came between its brackets or quotes
        self.left, self.left_ns, self.left_depth, self.left_odd_quotes = -1, 0, 0, False
        self.failed, self.failed_ns, self.failed_is_traced = -1, 0, False
        self.open, self.open_ns = -1, 0
        self.is_thrown = False  # the open traceback has named its exception
        self.is_done = False  # ... after its frames: what follows is none of it
        self.is_chained = False  # a line has announced another traceback of the same chain

    def take(self, row: int, line: Line) -> int:
        """The event that the line belongs to, named by the row of its first line."""
        if self.open >= 0 and line.at_ns - self.open_ns > _TRACE_REACH_NS:
            self.open = -1
        role = line.role
        is_awaited = self.open >= 0 and not self.is_thrown
        if is_awaited and (role == Role.THROWN or (line.is_named and role in (Role.PLAIN, Role.LEVELLED))):
            self.is_thrown = self.is_done = True
            return self._into_open(line)
        if role in (Role.HEAD, Role.LEVELLED, Role.ALONE):
            return self._start(row, line, goes_on=role != Role.ALONE)
        if role == Role.PLAIN:
            return self._into_last(line) if self._goes_on(line) else self._start(row, line, goes_on=False)
        if role in (Role.TRACE, Role.THROWN):
            return self._trace(row, line)
        return self._rest(row, line)

    def _start(self, row: int, line: Line, *, goes_on: bool) -> int:
        """An event of its own begins."""
        if self.depth > 0 or self.has_odd_quotes:
            self.left, self.left_ns = self.last, self.last_ns
            self.left_depth, self.left_odd_quotes = self.depth, self.has_odd_quotes
        self.last, self.last_fails, self.goes_on = row, line.is_failure, goes_on
        self.depth, self.has_odd_quotes = 0, False
        if line.is_failure:
            self.failed, self.failed_ns, self.failed_is_traced = row, line.at_ns, False
        return self._into_last(line)

    def _goes_on(self, line: Line) -> bool:
        """Whether a plain line goes on the event before: something was left open or begins in the middle.

        Else it is a line of its own, which may stand next to a failure by chance; only one that does not begin like a
        sentence is taken for the rest of a failure, when both were written at once.
        """
        if line.fits == _FITS:
            self._take_up(line)
        gap_ns = line.at_ns - self.last_ns
        if self.last < 0 or gap_ns > _LINE_REACH_NS:
            return False
        if line.fits == _FITS or self.ends_open or self.depth > 0 or self.has_odd_quotes:
            return True
        may_fit = line.fits == _MAY_FIT and self.goes_on and self.last_fails and not line.is_failure
        return may_fit and gap_ns <= _WRITE_REACH_NS

    def _trace(self, row: int, line: Line) -> int:
        """A traceback begins: of the chain that was announced, else of the failure just before, else by itself."""
        if self.open < 0 or not self.is_chained:
            is_announced = (
                self.failed >= 0
                and not self.failed_is_traced
                and line.at_ns - self.failed_ns <= _HEAD_REACH_NS
            )  # fmt: skip
            if is_announced:
                self.open = self.failed
            else:
                self.open = self._start(row, line, goes_on=True)
            self.failed_is_traced = True
        self.is_thrown, self.is_done, self.is_chained = not line.awaits, False, False
        return self._into_open(line)

    def _rest(self, row: int, line: Line) -> int:
        """A line that cannot stand by itself: of the open traceback, else of the event before."""
        if self.open >= 0 and not self._is_of_last(line):
            self.is_chained = self.is_chained or line.role == Role.GLUE
            return self._into_open(line)
        if line.role == Role.INDENTED:
            self._take_up(line)
        if self.last < 0 or line.at_ns - self.last_ns > _TRACE_REACH_NS:
            return self._start(row, line, goes_on=False)
        if line.role == Role.INDENTED:
            return self._into_last(line)
        self.open, self.is_thrown, self.is_done = self.last, not line.awaits, False
        self.is_chained = line.role == Role.GLUE
        if self.failed == self.open:
            self.failed_is_traced = True
        return self._into_open(line)

    def _is_of_last(self, line: Line) -> bool:
        """Whether the line goes on an event that began since the open traceback was told, rather than that."""
        if self.last == self.open or self.last_ns <= self.open_ns or not self.is_thrown:
            return False
        if line.role == Role.INDENTED:
            return self.is_done or self.last_fails or line.at_ns - self.open_ns > _LINE_REACH_NS
        return line.role == Role.FRAME and self.last_fails and self.last_ns - self.open_ns > _LINE_REACH_NS

    def _take_up(self, line: Line) -> None:
        """Goes back to the event that was left in the middle, when the one after it lacks nothing."""
        if self.left < 0 or self.depth > 0 or self.has_odd_quotes or line.at_ns - self.left_ns > _LINE_REACH_NS:
            return
        self.last, self.last_ns, self.last_fails, self.goes_on = self.left, line.at_ns, False, True
        self.depth, self.has_odd_quotes, self.left = self.left_depth, self.left_odd_quotes, -1

    def _into_open(self, line: Line) -> int:
        self.open_ns = line.at_ns
        if self.last == self.open:
            self.goes_on = True
            self._into_last(line)
        return self.open

    def _into_last(self, line: Line) -> int:
        self.last_ns = line.at_ns
        self.depth += line.depth
        self.has_odd_quotes ^= line.has_odd_quotes
        self.ends_open = line.ends_open
        return self.last
