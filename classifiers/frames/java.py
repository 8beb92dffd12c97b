"""Traces of Java, Kotlin, Scala and Groovy: causes, and without what compilers, proxies and loaders put between."""

import re
from functools import lru_cache

from classifiers.frames.base import Frame, Raised, Trace, read_with, told_trace
from classifiers.frames.java_libraries import LIBRARY
from classifiers.frames.names import steady
from classifiers.frames.thrown import split_header

__all__ = ["frame_of", "is_frame", "read"]

_LONGEST_LINE = 1000  # of a frame; what is longer is text
_FRAME = re.compile(
    r"""\s*["']?at (?:[\w.@<>-]*/{1,2})?(?:[\w.@<>-]*/{1,2})?(?P<module>[\w$.<>/-]+)\.(?P<function>[^\s.(]+)"""
    r"\((?P<place>[^()]*)\)"
)
_PLACE = re.compile(r".*\.(?:java|kts?|scala|groovy|clj|rb)(?::.*)?\Z|Native Method|Unknown Source|<[a-z ]+>|Unknown\Z")
_MARK = re.compile(r"(?P<indent>\s*)(?P<mark>Caused by|Suppressed|Wrapped by): ")
_ELLIPSIS = re.compile(r"\s*(?:\.\.\. \S+ |\[CIRCULAR REFERENCE|- locked |- waiting )")
_THREAD = re.compile(r'\A.*?Exception in thread "[^"]*" ')

# Classes that no one wrote: proxies, glue of lambdas and reflection. Their methods say nothing of their own.
_GENERATED = re.compile(
    r"\$\$(?!anonfun)|\$Proxy|_ClientProxy|_Subclass|\$ByteBuddy|GeneratedMethodAccessor"
    r"|GeneratedConstructorAccessor|LambdaForm\$|HibernateProxy|_WeldSubclass|\A_COROUTINE|\$\$inlined|\$Companion\$\$"
)
_LAMBDA = re.compile(r"\A(?:lambda\$|\$anonfun\$|\$r8\$lambda\$)(?P<name>[A-Za-z_]\w*)?.*\Z")
_TAIL = re.compile(
    r"(?:\$(?:lambda|suspendImpl|default|lambda-\w+|adapted|extension|[0-9]+|<\w+>|mcV\$sp)|\$?-?lambda[-$][0-9<]\S*)+\Z"
    r"|(?<=[a-z])-[A-Za-z0-9_<>-]{6,}\Z"
)
_PLAIN_CALLS = frozenset({"invoke", "invokeSuspend", "apply", "run", "call", "accept", "get", "doCall", "test"})
_IS_NUMBER = re.compile(r"[0-9]+\Z|<\w+>\Z|\Z")


def is_frame(line: str) -> bool:
    """Whether a line is a call as the JVM writes it."""
    return len(line) <= _LONGEST_LINE and _frame(line) is not None


def frame_of(module: str, function: str) -> Frame:
    """The frame of a class with its package and a method; of classes inside others the outer one stands."""
    is_in_app = not LIBRARY.match(module) and not _GENERATED.search(module) and not function.startswith("access$")
    package, dot, name = module.rpartition(".")
    outer, *inner = name.split("$")
    parts = [part for part in inner if not _IS_NUMBER.match(part) and part != "anonfun"]
    called = _called(function)
    if called in _PLAIN_CALLS and parts and parts[-1][:1].islower():
        called = parts[-1]  # the function that the compiler made a class of
    classes = [part for part in parts if not part[:1].islower()]
    if "$$inlined" in module or "$suspendImpl" in name or function.startswith("access$"):
        is_in_app = False
    return Frame(steady(f"{package}{dot}{'$'.join([outer, *classes])}"), called, is_in_app)


def _called(function: str) -> str:
    """The method that someone wrote."""
    found = _LAMBDA.match(function)
    name = (found["name"] or "lambda").split("$")[0] if found else _TAIL.sub("", function)
    return steady("lambda" if name == "null" else name) if name != "<init>" else name


@lru_cache(maxsize=8192)
def _frame(line: str) -> Frame | None:
    """The frame that a line tells."""
    found = _FRAME.match(line)
    return frame_of(found["module"], found["function"]) if found and _PLACE.match(found["place"]) else None


def read(lines: list[str]) -> Trace | None:
    """The trace that the lines hold."""
    return read_with(_Reader(), lines)


class _Reader:
    """A trace while its lines are read: exceptions from the outermost in, frames from the innermost out."""

    def __init__(self) -> None:
        self.head: list[str] = []
        self.root: Raised | None = None
        self.current: Raised | None = None
        self.pending: list[str] = []
        self.suppressed: int | None = None  # the indentation of the suppressed exception that is being told

    def take(self, line: str) -> None:
        """Read one line."""
        is_short = len(line) <= _LONGEST_LINE
        frame = _frame(line) if is_short and "at " in line else None
        if frame:
            self._add(frame)
            return
        mark = _MARK.match(line[:_LONGEST_LINE])
        if mark:
            self._mark(mark, line)
        elif "Original Stack Trace:" in line:  # of a reactive chain: here the exception's own frames stand
            self.suppressed = None
        elif not (is_short and _ELLIPSIS.match(line)):
            self.pending.append(line)

    def _mark(self, mark: re.Match[str], line: str) -> None:
        indent = len(mark["indent"])
        if self.suppressed is not None and indent >= self.suppressed and mark["mark"] != "Suppressed":
            return
        self.suppressed = indent if mark["mark"] == "Suppressed" else None
        if self.suppressed is not None:
            return
        self._open(self.pending)
        self.pending = []
        parted = split_header([line[mark.end() :]])
        raised = Raised(parted[1], parted[2]) if parted else Raised("", [line[mark.end() :]])
        if mark["mark"] == "Wrapped by" and self.root:
            raised.causes.append(self.root)
            self.root = raised
        elif self.current:
            self.current.causes.append(raised)
        else:
            self.root = raised
        self.current = raised

    def _add(self, frame: Frame) -> None:
        if self.suppressed is not None:
            return
        self._open(self.pending)
        self.pending = []
        if self.current:
            self.current.frames.append(frame)

    def _open(self, pending: list[str]) -> None:
        """The lines before a frame name its exception, or go on with the text of the one that was named."""
        if self.current and (self.current.type or self.current.value) and not self.current.frames:
            self.current.value += pending
            return
        parted = split_header([_THREAD.sub("", line, count=1) for line in pending]) if pending else None
        if parted and self.current and self.current.frames and parted[0] and not pending[0].strip():
            parted = ([], *parted[1:])
        if parted:
            before, kind, value = parted
            raised = Raised(kind, value)
            if self.current:
                self.current.causes.append(raised)
            else:
                self.head, self.root = before, raised
            self.current = raised
        elif self.current is None:
            self.head = pending
            self.root = self.current = Raised()

    def close(self) -> Trace | None:
        """The trace of what was read."""
        if self.current and not self.current.frames:
            self.current.value += [line for line in self.pending if line.strip()]
        return told_trace("java", self.head, self.root, innermost_first=True)
