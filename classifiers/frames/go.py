"""Traces of Go: panics, stacks of goroutines, errors with stacks (`%+v`), and the stacks of loggers and of gin."""

import re
from functools import lru_cache

from classifiers.frames.base import Frame, Raised, Trace, told_trace
from classifiers.frames.names import place_path, steady

__all__ = ["frame_of", "may_hold", "parted", "read"]

_LONGEST_LINE = 1000  # of a frame; what is longer is text
_START = re.compile(r"(?:.*?(?:http: )?)\b(?P<type>panic|fatal error)(?P<where>: | serving [^ ]*: )(?P<value>.*)")
_BEGINS = re.compile(r"(?m)^(?:panic: |fatal error: |goroutine \S+ \[|http: panic serving )|\bhttp: panic serving ")
_ROUTINE = re.compile(r"goroutine \S+ \[")
_CALL = re.compile(
    r"\s*(?:created by )?(?P<module>(?:[\w.~<>@%-]+/)*[\w~<>%-]+(?:\.[\w<>]+)??)\."
    r"(?P<function>(?:\(\*?[^()]+\)\.)?[\w.<>\[\]*,/-]+)"
    r"(?:\(.*\))?(?: in goroutine .*)?\Z"
)
_PLACE = re.compile(r"\s+(?P<path>[^\s:]*(?::[/\\][^\s:]*)?\.(?:go|s)):(?:\d+|<number>)(?: \+\S+)?\s*\Z")
_RECOVERED_PLACE = re.compile(r"(?P<path>(?:[A-Za-z]:)?[^\s:]+\.go):(?:\d+|<number>) \((?:0x[0-9a-f]+|<id>)\)\Z")
_RECOVERED_CALL = re.compile(r"\t(?P<function>[\w.()*<>-]+): ")
_MARGIN = re.compile(r"\A\s*\| ?")
_WRAPS = re.compile(r"(?:Wraps: )?\(\S+\)|  - |Error types: |\[\.\.\.repeated from below")
_RECOVERED = re.compile(r"\s*\[recovered.*")
_CLOSURE = re.compile(r"(?:\.(?:func|gowrap|deferwrap)[\d<>a-z]*|\.[0-9]+|\.<\w+>|-fm|-range[\d<>a-z]*)+\Z")
_GENERIC = re.compile(r"\[[^\[\]]*\]")
_THROWS = frozenset({"gopanic", "panicmem", "sigpanic", "goPanicIndex", "panicIndex", "panicdivide", "throw", "fatal"})

_LIBRARY_PLACE = re.compile(
    r"/usr/local/go/|/pkg/mod/|/vendor/|/libexec/src/|/go/[^/]+/x64/src/|@v[0-9]|<email|^_testmain"
)
_LIBRARY = re.compile(
    r"(?:golang\.org|google\.golang\.org|gopkg\.in|go\.uber\.org|k8s\.io|sigs\.k8s\.io|go\.opentelemetry\.io|gorm\.io"
    r"|go\.mongodb\.org|cloud\.google\.com|entgo\.io|github\.com/(?:pkg/errors|cockroachdb/errors|gin-gonic|labstack"
    r"|sirupsen|rs/zerolog|go-chi|gorilla|jackc|lib/pq|redis|go-redis|stretchr|spf13|grpc-ecosystem|aws|gofiber))/"
)
_ROOTED = re.compile(r"/|[A-Za-z]:/")  # a path that says where it was built: of the standard library only under src/
_STANDARD = re.compile(
    r"(?:archive|bufio|builtin|bytes|cmp|compress|container|context|crypto|database|debug|embed|encoding|errors|expvar|flag"
    r"|fmt|go|hash|html|image|index|internal|io|iter|log|maps|math|mime|net|os|path|plugin|reflect|regexp|runtime|slices"
    r"|sort|strconv|strings|structs|sync|syscall|testing|text|time|unicode|unique|unsafe|vendor|weak)(?:/|\Z)"
)


def may_hold(text: str) -> bool:
    """Whether a text can hold a trace of Go."""
    if ".go:" in text:
        return True
    return ("panic" in text or "fatal error: " in text or "goroutine " in text) and bool(_BEGINS.search(text))


def parted(function: str) -> tuple[str, str]:
    """Package and function of a name such as `example.com/shop/desk.(*Desk).Open`."""
    folder, slash, rest = function.rpartition("/") if "(" not in function else _before_receiver(function)
    package, _, name = rest.partition(".")
    return (f"{folder}{slash}{package}", name) if name else ("", package)


def _before_receiver(function: str) -> tuple[str, str, str]:
    before, receiver, behind = function.partition("(")
    folder, slash, package = before.rpartition("/")
    return folder, slash, package + receiver + behind


def frame_of(package: str, function: str, path: str) -> Frame:
    """The frame of a package and a function; a function without a package is named by its folder."""
    path = path.replace("\\", "/")
    module = package or place_path(path).rpartition("/")[0]
    is_library = (
        bool(_LIBRARY_PLACE.search(path))
        or bool(_LIBRARY.match(module))
        or (bool(_STANDARD.match(package)) and (not _ROOTED.match(path) or "/src/" in path))
        or function in _THROWS
    )
    return Frame(steady(module), steady(_CLOSURE.sub("", _GENERIC.sub("", function))), not is_library)


@lru_cache(maxsize=8192)
def _frame(line: str, place: str) -> Frame | None:
    """The frame that a call and the line behind it tell."""
    at = _PLACE.match(place)
    if not at:
        return None
    if line.lstrip().startswith("panic("):
        return Frame("runtime", "gopanic", is_in_app=False)
    call = _CALL.match(line)
    if not call:
        return None
    return frame_of(*parted(f"{call['module']}.{call['function']}"), at["path"])


@lru_cache(maxsize=8192)
def _recovered_frame(place: str, line: str) -> Frame | None:
    """The frame as gin tells it: the place first, then function and line of code."""
    at, call = _RECOVERED_PLACE.match(place), _RECOVERED_CALL.match(line)
    return frame_of("", call["function"], at["path"]) if at and call else None


def read(lines: list[str]) -> Trace | None:
    """The trace that the lines hold: of several goroutines the first."""
    reader = _Reader()
    skipped = False
    for at, line in enumerate(lines):
        if skipped:
            skipped = False
        elif len(line) <= _LONGEST_LINE:
            following = lines[at + 1] if at + 1 < len(lines) else ""
            skipped = reader.take(line, following if len(following) <= _LONGEST_LINE else "")
        else:
            reader.say(line)
    return reader.close()


class _Reader:
    """A trace while its lines are read; of an error with stacks the innermost is told first."""

    def __init__(self) -> None:
        self.head: list[str] = []
        self.raised = Raised()
        self.wrapped: list[Raised] = []
        self.routines = 0

    def take(self, line: str, following: str) -> bool:
        """Read one line; True where the line that follows was read with it."""
        start = _START.match(line) if "panic" in line or "fatal error" in line else None
        if start and not self.routines:
            self._panic(start)
            return False
        if _ROUTINE.match(line):
            self.routines += 1
            return False
        frame = None
        if ".go:" in following or ".s:" in following:
            frame = _frame(_MARGIN.sub("", line), _MARGIN.sub("", following))
        elif ".go:" in line and following[:1] == "\t":
            frame = _recovered_frame(line, following)
        if frame:
            self._add(frame)
            return True
        self.say(line)
        return False

    def _panic(self, start: re.Match[str]) -> None:
        if self.raised.type:
            return  # a panic while another one was handled: the first began it
        value = _RECOVERED.sub("", start["value"])
        if value.startswith("runtime error: "):
            self.raised.type, value = "runtime error", value.removeprefix("runtime error: ")
        else:
            self.raised.type = start["type"]
        self.raised.value = [value]

    def _add(self, frame: Frame) -> None:
        if self.routines > 1:
            return
        current = self.wrapped[-1] if self.wrapped else self.raised
        if frame.function in _THROWS and frame.module.endswith("runtime"):
            current.frames.clear()  # what stands inside a panic handles it
        current.frames.append(frame)

    def say(self, line: str) -> None:
        """A line that is no frame: text of a panic or error, or what stood before it."""
        if self.routines or not line.strip() or _WRAPS.match(line) or line.startswith("[signal "):
            return
        if self.raised.type:
            if not line.startswith(("\t", "exit status")) and not self.raised.frames:
                self.raised.value.append(line)
        elif self.raised.frames:
            self.wrapped.append(Raised("error", [line.strip(" -|:")]))
        else:
            self.head.append(line)

    def close(self) -> Trace | None:
        """The trace of what was read; an error that no panic names is told by the line before its frames."""
        root = self.raised
        if not root.type and root.frames and self.head:
            said = self.head[-1]
            before, at_runtime, value = said.rpartition("runtime error: ")
            if at_runtime:
                self.head[-1:] = [before]
                root.type, root.value = at_runtime[:-2], [value]
            elif not self.routines and '{"' not in said:
                root.type, root.value = "error", [self.head.pop().strip(" -|:")]
        for wrapped in self.wrapped:  # each text that frames follow is told of what was told before
            if wrapped.frames:
                wrapped.causes, root = [root], wrapped
        return told_trace("go", self.head, root, innermost_first=True)
