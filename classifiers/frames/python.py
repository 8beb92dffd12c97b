"""Python's tracebacks, chains and exception groups; also those of rich and loguru, and of the interpreter's crashes.

Frames of other languages may stand in this form: exceptions that a payload tells as objects are written so.
"""

import re
from functools import lru_cache

from classifiers.frames.base import Frame, Raised, Trace, told_trace
from classifiers.frames.foreign import foreign_frame
from classifiers.frames.names import library_path, place_path, steady
from classifiers.frames.thrown import SUFFIX

__all__ = ["may_hold", "read"]

_START = "Traceback (most recent call last)"
_CRASH = "most recent call first)"
_FATAL = "Fatal Python error: "
_FRAME = re.compile(r'[\s>]*File "(?P<path>[^"]*)", line [^,\s]+(?:,? in (?P<function>.+))?\Z')
_BOXED_FRAME = re.compile(r"│ (?P<path>(?:[A-Za-z]:)?[^:]+\.py):[^:\s]+ in (?P<function>[\w<>.]+)[\s│]*\Z")
_GLUE = re.compile(r"(?:During handling of the above|The above exception was the direct cause)")
_MARGIN = re.compile(r"\A\s*(?:\||\+(?= Exc))(?: |\Z)")
_RULE = re.compile(r"\A[\s|]*\+(?P<opens>-\+)?-{4,}(?: (?P<member>\S+) -+)?\s*\Z")
_TYPE = re.compile(r"(?:[A-Za-z_]\w*|<locals>)(?:(?:\.|::|/|\\+)(?:\w+|<locals>))*")
_SUFFIXED = re.compile(rf"(?:{SUFFIX}|\A[A-Z]\w+)\Z")
_BOX = ("│", "╭", "╰", "|", "+")
_LONGEST_LINE = 1000  # of a frame; what is longer is text
_NEAR = 5  # lines between the last line of one traceback and what announces the next

_LIBRARY = re.compile(
    r"(?:site|dist)-packages/|\.egg/|/[Ll]ib/python[\d.<>a-z]*/|/[Pp]ython[\d.<>a-z]*/Lib/|\A<|\A/usr/lib/|/var/runtime/"
    r"|/var/lang/|/opt/python/|(?:\A|/)(?:importlib|asyncio|concurrent/futures|multiprocessing)/\w+\.py\Z"
)


def may_hold(text: str) -> bool:
    """Whether a text can hold a traceback of Python."""
    return 'File "' in text or _START in text or _CRASH in text or ('File \\"' in text)


def read(lines: list[str]) -> Trace | None:
    """The traceback that the lines hold."""
    reader = _Reader()
    for at, line in enumerate(lines):
        reader.take(line, lines[at + 1] if at + 1 < len(lines) else "")
    return reader.close()


@lru_cache(maxsize=8192)
def _frame(line: str) -> Frame | None:
    """The frame that a line tells."""
    found = _FRAME.match(line) or _BOXED_FRAME.match(line)
    if not found:
        return None
    path, function = found["path"], (found["function"] or "<module>").strip()
    foreign = foreign_frame(path, function)
    if foreign:
        return foreign
    slashed = path.replace("\\", "/")
    is_library = bool(_LIBRARY.search(slashed))
    module = library_path(path) if is_library else place_path(path)
    module = re.sub(r"(?:/__init__)?\.pyc?\Z", "", module)
    return Frame(steady(module).replace("/", "."), steady(function), not is_library)


class _Reader:
    """A traceback while its lines are read: one level a group that is open, the outermost first."""

    def __init__(self) -> None:
        self.head: list[str] = []
        self.groups: list[Raised] = []  # whose members are being told
        self.last: list[Raised | None] = [None]  # the exception that is being told, of each level
        self.is_traced = self.is_told = self.is_crash = False

    def take(self, line: str, following: str) -> None:
        """Read one line."""
        if self._rule(line):
            return
        if self.groups or "+ Exception Group" in line or (self.is_traced and line.lstrip().startswith("| ")):
            line = _MARGIN.sub("", line)
        if _START in line or _CRASH in line:
            self._start(line)
            return
        frame = _frame(line) if len(line) <= _LONGEST_LINE and ("File " in line or "│" in line) else None
        if frame:
            if self.is_told or not self.is_traced:
                self._begin()
            self._current().frames.append(frame)
        elif _GLUE.match(line.lstrip()):
            self._glue()
        elif not self.is_traced:
            self.head.append(line)
        elif self.is_told:
            self._current().value.append(line)
        elif line[:1] not in {"", " ", "\t", *_BOX}:
            self._tell(line, following)

    def _rule(self, line: str) -> bool:
        """Whether the line parts the members of a group; it opens, continues or closes them."""
        rule = _RULE.match(line) if "+-" in line and len(line) <= _LONGEST_LINE else None
        if not rule:
            return False
        if rule["member"] and (rule["opens"] or not self.groups):
            self.groups.append(self.last[-1] or Raised())
            self.last[-1] = self.groups[-1]
            self.last.append(None)
        elif self.groups:
            self._leave_member()
            if not rule["member"]:
                self.last.pop()
                self.groups.pop()
        self.is_traced, self.is_told = bool(rule["member"]), not rule["member"]
        return True

    def _leave_member(self) -> None:
        member = self.last[-1]
        if member:
            self.groups[-1].causes.append(member)
        self.last[-1] = None

    def _start(self, line: str) -> None:
        before = line.partition(_START)[0].removesuffix("Exception Group ").strip(" +|:-╭─\"'")
        if before and not self.is_traced and _CRASH not in line:
            self.head.append(before)
        self._begin()
        if _CRASH in line:
            self.is_crash = True
            fatal = next((one for one in self.head[:_NEAR] if one.startswith(_FATAL)), "")
            if fatal:
                self._current().type, self._current().value = "FatalPythonError", [fatal.removeprefix(_FATAL)]

    def _begin(self) -> None:
        """An exception of which the one before is the cause, or during whose handling it was raised."""
        before = self.last[-1]
        self.last[-1] = Raised(causes=[before] if before and (before.is_told or before.causes) else [])
        self.is_traced, self.is_told = True, False

    def _glue(self) -> None:
        """What was told before caused what follows; of a traceback that lost its beginning its last line is left."""
        if not self.is_traced:
            lost = next((line for line in reversed(self.head[-_NEAR:]) if line.strip()), "")
            kind, _, value = lost.partition(": ")
            if _TYPE.fullmatch(kind) and _SUFFIXED.search(kind):
                self.head.remove(lost)
                self._begin()
                self._current().type, self._current().value = kind, [value]
        self.is_told = self.is_traced

    def _tell(self, line: str, following: str) -> None:
        """The line that tells the exception, behind its frames; a line of code may stand at the margin too."""
        kind, colon, value = line[:_LONGEST_LINE].partition(": ")
        kind = kind if colon else kind.removesuffix(":")
        if _TYPE.fullmatch(kind) and not (following.lstrip().startswith('File "') and not self.groups):
            self._current().type = kind
            self._current().value = [value + line[_LONGEST_LINE:]]
            self.is_told = True

    def _current(self) -> Raised:
        current = self.last[-1]
        if current is None:
            current = self.last[-1] = Raised()
        return current

    def close(self) -> Trace | None:
        """The trace of what was read; groups whose end was cut off are closed."""
        while self.groups:
            self._leave_member()
            self.last.pop()
            self.groups.pop()
        return told_trace("python", self.head, self.last[0], innermost_first=self.is_crash)
