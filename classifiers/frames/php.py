"""Traces of PHP: uncaught exceptions, what caused them (`Next`), and the stacks of Monolog and Laravel."""

import re
from functools import lru_cache

from classifiers.frames.base import Frame, Raised, Trace, read_with, told_trace
from classifiers.frames.names import library_path, place_path, steady
from collector.replacing import replace

__all__ = ["frame_of", "may_hold", "read"]

_LONGEST_LINE = 1000  # of a frame; what is longer is text
_FRAME = re.compile(
    r"\s*#(?:\d+|<number>) (?:(?P<path>[^()\s][^()]*?)\((?:\d+|<number>)\)|(?P<internal>\[internal function\])): "
    r"(?P<call>.*)"
)
_END = re.compile(r"\s*#(?:\d+|<number>) \{main\}")
_THROWN = re.compile(
    r"(?P<head>.*?)(?:Uncaught |\ANext |\[object\] \(|\A)(?P<type>(?:[A-Za-z_]\w*\\+)*[A-Z]\w*)"
    r"(?:@anonymous.*?)?(?:\(code: [^)]*\))?: "
)
_PLACE = re.compile(r"(?: in | at )(?P<path>(?:[A-Za-z]:)?[^\s:()]+\.(?:php|phtml|inc)):(?:\d+|<number>)\)?\Z")
_BARE_PLACE = re.compile(
    r"(?: in | at )(?P<path>(?:[A-Za-z]:)?[^\s:()]+\.(?:php|phtml|inc))(?: on line (?:\d+|<number>)|:(?:\d+|<number>))"
)
_FATAL = re.compile(
    r"PHP (?:Fatal|Parse|Recoverable fatal|Catchable fatal) error: |Uncaught |\[stacktrace\]|Stack trace:"
)
_LIBRARY = re.compile(r"(?:\A|/)vendor/|\Aphar:|/usr/share/php|/wp-includes/|/usr/local/lib/php")
_CLOSURE = re.compile(r"\{closure.*")
_FILES = re.compile(r"\A(?:include|require)(?:_once)?\Z")


def may_hold(text: str) -> bool:
    """Whether a text can hold a trace of PHP."""
    return ".php" in text and ("#0 " in text or "#<number> " in text or bool(_FATAL.search(text)))


def frame_of(path: str, function: str) -> Frame:
    """The frame of a file and a function with its class."""
    slashed = path.replace("\\", "/")
    is_library = not path or bool(_LIBRARY.search(slashed))
    module = slashed.rpartition("vendor/")[2] if "vendor/" in slashed else library_path(path)
    name = function.partition("(")[0] if "{closure" not in function else function
    if "{closure" in name:
        name = _CLOSURE.sub("{closure}", name)
    name = re.sub(r"@anonymous.*?(?=->|::|\Z)", "@anonymous", name).replace("::", "->").replace("\\\\", "\\")
    owner, arrow, method = name.rpartition("->")
    method = method.rpartition("\\")[2] or "{main}"
    told = f"{owner.rpartition(chr(92))[2]}{arrow}{method}"
    return Frame(
        steady(module if is_library else place_path(path)).removesuffix(".php"),
        "{main}" if _FILES.match(told) else steady(told),
        not is_library,
    )


@lru_cache(maxsize=8192)
def _call(line: str) -> tuple[str, str] | None:
    """The file that a line tells, empty for PHP's own, and the function that was called there."""
    found = _FRAME.match(line)
    if found:
        return found["path"] or "", found["call"]
    return ("", "{main}") if _END.match(line) else None


def read(lines: list[str]) -> Trace | None:
    """The trace that the lines hold."""
    return read_with(_Reader(), lines)


class _Reader:
    """A trace while its lines are read.

    A line names the function that was called and the file it was called from: the caller stands in the next line.
    """

    def __init__(self) -> None:
        self.head: list[str] = []
        self.current: Raised | None = None
        self.root: Raised | None = None
        self.file: str | None = None  # in which the function of the next line stands
        self.is_text = self.has_stack = False

    def take(self, line: str) -> None:
        """Read one line."""
        call = _call(line) if len(line) <= _LONGEST_LINE and "#" in line else None
        if call:
            self._add(*call)
            return
        found = _THROWN.match(line[:_LONGEST_LINE])
        if found and self._begins(line, found):
            self._raise(found, line)
        elif line.strip().startswith(("Stack trace:", "[stacktrace]", '"}', "thrown in")):
            self.is_text, self.has_stack = False, True
        elif self.is_text and self.current:
            self._text(line)
        elif self.current is None:
            self.head.append(line)

    def _begins(self, line: str, found: re.Match[str]) -> bool:
        """Whether a line that may name an exception does."""
        if line.startswith("Next ") or "Uncaught " in line or "[object] (" in line:
            return True
        is_named = bool(re.search(r"(?:Exception|Error)\Z", found["type"])) and not found["head"]
        return is_named and (self.current is None or bool(self.current.frames))

    def _raise(self, found: re.Match[str], line: str) -> None:
        raised = Raised(found["type"].replace("\\\\", "\\"))
        is_cause = "[previous exception]" in line
        if self.current is None:
            self.head.append(re.sub(r"PHP (?:Fatal|Parse) error:\s*|\{\"exception\":\"\Z", "", found["head"]))
            self.root = raised
        elif is_cause:
            self.current.causes.append(raised)
        else:
            raised.causes.append(self.current)
            self.root = raised
        self.current, self.file, self.is_text = raised, None, True
        self._text(line[found.end() :])

    def _text(self, line: str) -> None:
        """A line of the exception's text; at the end of the last stands where it was thrown."""
        place = _PLACE.search(line[-_LONGEST_LINE:]) or _BARE_PLACE.search(line[-_LONGEST_LINE:])
        if self.current is None:
            return
        if place:
            self.file = place["path"]
            self.is_text = False
            line = line[: len(line) - len(line[-_LONGEST_LINE:]) + place.start()]
        self.current.value.append(line)

    def _add(self, path: str, call: str) -> None:
        self.is_text = False
        if self.current is None:
            self.current = self.root = Raised()
        if self.file is not None:
            self.current.frames.append(frame_of(self.file, call))
        self.file = path

    def close(self) -> Trace | None:
        """The trace of what was read."""
        if self.current and self.file and not self.current.frames and not self.has_stack:
            self.current.frames.append(replace(frame_of(self.file, ""), function=""))  # the place alone is told
        return told_trace("php", self.head, self.root, innermost_first=True)
