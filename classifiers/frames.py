"""Stack traces in text, as Python, Node, Java, Kotlin and Go write them: exceptions, innermost cause first, and frames.

Line numbers and the folders an application was installed in do not count. The text may be masked (classifiers/masks.py)
or raw; a traceback that lost its first or last lines still gives what is left.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

__all__ = ["Frame", "Thrown", "Trace", "exception_in_line", "read_trace"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One call: `module` dotted or a package path, `function` as the language names it."""

    module: str
    function: str
    is_in_app: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.function}"


@dataclass(frozen=True, slots=True)
class Thrown:
    """One exception: its type without package, its text, its frames from the outermost to the innermost."""

    type: str
    value: str
    frames: tuple[Frame, ...] = ()

    def in_app(self, most: int) -> tuple[str, ...]:
        """The innermost frames of the application, at most that many, outermost first; recursion told once."""
        told: list[str] = []
        for frame in reversed(self.frames):
            if frame.is_in_app and str(frame) not in told:
                told.append(str(frame))
        return tuple(reversed(told[:most]))


@dataclass(frozen=True, slots=True)
class Trace:
    """A chain of exceptions, the one that caused the others first; `head` is what stood before it."""

    language: str
    head: str
    chain: tuple[Thrown, ...]

    @property
    def leaf(self) -> Thrown:
        """The exception that started it."""
        return self.chain[0]


@dataclass(slots=True)
class _Open:
    """An exception while its lines are read."""

    type: str = ""
    value: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    def close(self) -> Thrown:
        return Thrown(_short(self.type), "\n".join(self.value).strip(), tuple(self.frames))


_TYPE = r"[A-Za-z_$][\w$]*(?:(?:\.|::|/)[\w$]+)*"
_SUFFIX = (
    r"(?:Error|Exception|Warning|Exit|Interrupt|Timeout|Failure|Fault|Throwable|Group|Refused|Unavailable|NotFound"
    r"|Denied)"
)
_ENDS = re.compile(rf"(?P<type>{_TYPE})(?:: (?P<value>.*)|:?)\Z")
_NAMED = re.compile(
    rf"(?<![\w.$])(?P<type>(?:[A-Za-z_$][\w$]*\.)*[A-Z][\w$]*{_SUFFIX})(?:\s\[\w+\])?: (?P<value>\S.*)", re.DOTALL
)
_PY_START = "Traceback (most recent call last)"
_PY_FRAME = re.compile(r'\s*File "(?P<path>[^"]*)", line [^,]+(?:, in (?P<function>.+))?\Z')
_PY_GLUE = re.compile(r"\s*(?:During handling of the above|The above exception was the direct cause)")
_PY_MARGIN = re.compile(r"\A\s*[|+] ")  # of an exception group, before each line
_PY_RULE = re.compile(r"\A[\s|]*\+-[+-]*")  # between the exceptions of a group
_NODE_FRAME = re.compile(
    r"\s*at (?:async )?(?:(?P<function>[^()]+?) \()?(?P<path>(?:[a-z+-]+:)?[^():]+(?::[^)]*)?)\)?\Z"
)
_NODE_START = re.compile(
    rf"(?:.*?\b(?:Uncaught|Unhandled)\w*:? )?(?:\[cause\]: )?(?P<type>{_TYPE})(?:\s\[\w+\])?(?:: (?P<value>.*)|\Z)"
)
_JAVA_FRAME = re.compile(r"\s*at (?:[\w.@-]+/+)?(?P<module>[\w$.<>]+)\.(?P<function>[\w$<>-]+)\((?P<place>[^)]*)\)")
_JAVA_START = re.compile(
    rf'(?:Exception in thread "[^"]*" )?(?:(?P<cause>Caused by|Suppressed): )?(?P<type>{_TYPE})(?:: (?P<value>.*)|\Z)'
)
_GO_START = re.compile(r"(?P<type>panic|fatal error): (?P<value>.*)")
_GO_FRAME = re.compile(
    r"(?:created by )?(?P<module>[\w./~-]*?[\w~-]+)\.(?P<function>(?:\(\*?[\w\[\].,]+\)\.)?[\w.\[\]]+)"
    r"(?:\(.*\))?(?: in goroutine .*)?\Z"
)

_PY_LIBRARY = re.compile(r"(?:site|dist)-packages/|/lib/python[\d.<>a-z]*/|\A<frozen|\A<string>|\A/usr/lib/")
_JAVA_LIBRARY = re.compile(
    r"(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|akka|reactor|rx|io\.(?:netty|reactivex|lettuce|grpc"
    r"|micrometer|micronaut|quarkus|vertx|opentelemetry|undertow|ktor|r2dbc|projectreactor)|org\.(?:springframework|apache"
    r"|hibernate|eclipse|slf4j|jboss|postgresql|mariadb|mongodb|redisson|aspectj|glassfish|junit|gradle|xnio|jooq|flywaydb"
    r"|mockito)|com\.(?:google|fasterxml|zaxxer|mysql|oracle|amazonaws|microsoft|netflix|datastax|squareup|github|hazelcast)"
    r"|ch\.qos|okhttp3|okio|redis\.clients|net\.bytebuddy|feign|retrofit2)\."
)
_GO_LIBRARY = re.compile(r"/usr/local/go/|/pkg/mod/|/vendor/|/go/src/")
_GO_STANDARD = re.compile(r"(?!main\Z)[a-z]+(?:/[a-z0-9]+)*\Z")
# Folders that say where a program was installed or built, not what it is.
_PLACE = re.compile(
    r"\A(?:file://)?(?:/?(?:usr/src/app|app|workspace|srv|code|opt|src|var/task|home/[^/]+|Users/[^/]+|layers|root|build"
    r"|function|project|deploy|www)(?=/))+/?|\A\.?/+"
)
_LIBRARY_PLACE = re.compile(
    r".*(?:(?:site|dist)-packages|lib/python[\d.<>a-z]+|node_modules(?:/\.pnpm/[^/]+/node_modules)?)/"
)
_BUILT = re.compile(r"(?:\A|(?<=/))(?:dist|build|out|lib|\.next/server|src)/")


def read_trace(text: str) -> Trace | None:
    """The stack trace that the text holds, None where it holds none.

    Line ends written as two characters, as inside a JSON string that was logged as text, count as line ends.
    """
    if "\n" not in text or text.count("\\n") > text.count("\n"):
        text = text.replace("\\n", "\n").replace("\\t", "\t")
    for find in (_python, _go, _java, _node):
        trace = find(text)
        if trace:
            return trace
    return None


def exception_in_line(text: str) -> Thrown | None:
    """The last exception that a message names as `Type: value`, without frames; None where it names none."""
    found = None
    for match in _NAMED.finditer(text):
        found = match
    if not found:
        return None
    deeper = exception_in_line(found["value"])
    return deeper or Thrown(_short(found["type"]), found["value"].strip())


def _short(name: str) -> str:
    """Type without package, and without the number of an anonymous or generated class."""
    return re.sub(r"\$\$?\d+\Z|\$\$.*", "", re.split(r"\.|::|/", name)[-1]) or name


def _python(text: str) -> Trace | None:
    if _PY_START not in text and not re.search(r'^\s*File "[^"]+", line ', text, re.MULTILINE):
        return None
    is_group = "Exception Group Traceback" in text
    lines = text.split("\n")
    if is_group:
        lines = [_PY_MARGIN.sub("", line) for line in lines if not _PY_RULE.match(line)]
    head, blocks = _blocks(lines, _python_lines)
    if not blocks:
        return None
    if is_group:  # the causes are the exceptions inside; the group itself says only how many
        inner = sorted((one for one in blocks if not one.type.endswith("Group")), key=lambda one: (one.type, one.value))
        blocks = [*inner, *(one for one in blocks if one.type.endswith("Group"))]
    return Trace("python", head, tuple(blocks))


_Lines = Callable[[list[str]], Iterator[tuple[str, str | Frame]]]


def _blocks(lines: list[str], read: _Lines) -> tuple[str, list[Thrown]]:
    """What stood before the first exception, and the exceptions in the order they are told."""
    head: list[str] = []
    blocks: list[Thrown] = []
    block: _Open | None = None
    for kind, content in read(lines):
        if kind == "start":
            if block and (block.frames or block.type):
                blocks.append(block.close())
            block = _Open()
        if isinstance(content, Frame):
            block = block or _Open()
            block.frames.append(content)
        elif kind == "type" and block:
            block.type = content
        elif kind == "value" and block:
            block.value.append(content)
        elif kind == "text" and block is None:
            head.append(content)
    if block and (block.frames or block.type):
        blocks.append(block.close())
    return "\n".join(head).strip(), blocks


def _python_lines(lines: list[str]) -> Iterator[tuple[str, str | Frame]]:  # noqa: C901 - one branch a kind of line
    is_traced = is_told = False
    for line in lines:
        frame = _PY_FRAME.match(line)
        if _PY_START in line:
            before = line.partition(_PY_START)[0].removesuffix("Exception Group ").strip(" +|:-")
            if before and not is_traced:
                yield "text", before
            yield "start", ""
            is_traced, is_told = True, False
        elif frame:
            if is_told:
                yield "start", ""
            is_traced, is_told = True, False
            yield "frame", _python_frame(frame["path"], frame["function"] or "<module>")
        elif _PY_GLUE.match(line):
            is_told = True
        elif not is_traced:
            yield "text", line
        elif is_told:
            yield "value", line
        elif line[:1] not in {"", " ", "\t"}:
            ends = _ENDS.match(line)
            if ends:
                is_told = True
                yield "type", ends["type"]
                yield "value", ends["value"] or ""


def _python_frame(path: str, function: str) -> Frame:
    is_library = bool(_PY_LIBRARY.search(path))
    module = _LIBRARY_PLACE.sub("", path) if is_library else _PLACE.sub("", path)
    return Frame(re.sub(r"(?:/__init__)?\.pyc?\Z", "", module).replace("/", "."), function, not is_library)


def _java(text: str) -> Trace | None:
    if not re.search(
        r"^\s*at [\w$./@<>-]+\([^()\n]*(?:\.(?:java|kt|scala|groovy)|Native Method|Unknown Source)[^()\n]*\)",
        text,
        re.MULTILINE,
    ):
        return None
    head, blocks = _blocks(text.split("\n"), _java_lines)
    return Trace("java", head, tuple(reversed(_outer_first(blocks)))) if blocks else None


def _outer_first(blocks: list[Thrown]) -> list[Thrown]:
    """Java and Node tell the outermost exception first and each frame list innermost first."""
    return [Thrown(one.type, one.value, tuple(reversed(one.frames))) for one in blocks]


def _java_lines(lines: list[str]) -> Iterator[tuple[str, str | Frame]]:
    is_skipped = False
    for at, line in enumerate(lines):
        frame = _JAVA_FRAME.match(line)
        start = _JAVA_START.match(line.strip()) if not frame else None
        follows = next((rest for rest in lines[at + 1 :] if rest.strip()), "")
        if frame:
            if not is_skipped:
                yield "frame", _java_frame(frame["module"], frame["function"])
        elif re.match(r"\s*\.\.\. ", line):
            continue
        elif start and (start["cause"] or _JAVA_FRAME.match(follows)):
            is_skipped = start["cause"] == "Suppressed"
            if not is_skipped:
                yield "start", ""
                yield "type", start["type"]
                yield "value", start["value"] or ""
        else:
            yield "text", line
            yield "value", line


def _java_frame(module: str, function: str) -> Frame:
    plain = re.sub(r"\$\$.*", "", module)
    name = re.sub(r"lambda\$(\w+)\$.*", r"\1", re.sub(r"\$\$.*|\$<?\w*number>?\Z", "", function))
    return Frame(plain, name, not _JAVA_LIBRARY.match(plain) and "$$" not in module)


def _node(text: str) -> Trace | None:
    if not re.search(r"^\s+at .", text, re.MULTILINE):
        return None
    head, blocks = _blocks(text.split("\n"), _node_lines)
    return Trace("node", head, tuple(reversed(_outer_first(blocks)))) if blocks else None


def _node_lines(lines: list[str]) -> Iterator[tuple[str, str | Frame]]:
    for at, line in enumerate(lines):
        frame = _NODE_FRAME.match(line) if line.lstrip().startswith("at ") else None
        follows = lines[at + 1] if at + 1 < len(lines) else ""
        start = _NODE_START.match(line.strip()) if not frame else None
        names = bool(start and re.search(rf"{_SUFFIX}\Z|\AError\Z", start["type"]))
        if frame:
            yield "frame", _node_frame(frame["path"], frame["function"] or "<anonymous>")
        elif start and (names or follows.lstrip().startswith("at ")) and (names or "[cause]" in line):
            yield "start", ""
            yield "type", start["type"]
            yield "value", (start["value"] or "").removesuffix("{").strip()
        elif line.strip() not in {"", "{", "}"}:
            yield "text", line
            if not follows or follows.lstrip().startswith("at "):
                yield "value", line


def _node_frame(path: str, function: str) -> Frame:
    bare = re.sub(r"(?::[^:/]*){1,2}\Z", "", path)
    is_library = "node_modules/" in bare or bare.startswith(("node:", "internal/", "<anonymous>", "native"))
    module = _LIBRARY_PLACE.sub("", bare) if is_library else _BUILT.sub("", _PLACE.sub("", bare))
    return Frame(
        re.sub(r"\.(?:[cm]?[jt]sx?)\Z", "", module), re.sub(r"\A(?:new|async) | \[as .*", "", function), not is_library
    )


def _go(text: str) -> Trace | None:
    if not re.search(r"^(?:panic: |fatal error: |goroutine \S+ \[)", text, re.MULTILINE):
        return None
    head, blocks = _blocks(text.split("\n"), _go_lines)
    return Trace("go", head, tuple(_outer_first(blocks)[:1])) if blocks else None


def _go_lines(lines: list[str]) -> Iterator[tuple[str, str | Frame]]:
    routines = 0
    for at, line in enumerate(lines):
        start = _GO_START.match(line)
        place = lines[at + 1] if at + 1 < len(lines) else ""
        frame = _GO_FRAME.match(line) if place[:1] in {"\t", " "} and ".go:" in place else None
        if start and not routines:
            yield "start", ""
            is_runtime = start["value"].startswith("runtime error: ")
            yield "type", "runtime error" if is_runtime else start["type"]
            yield "value", re.sub(r"\s*\[recovered\].*", "", start["value"].removeprefix("runtime error: "))
        elif line.startswith("goroutine "):
            routines += 1
        elif frame and routines <= 1:
            yield "frame", _go_frame(frame["module"], frame["function"], place)
        elif not routines and line.strip() and line[:1] != "\t":
            yield "text", line


def _go_frame(module: str, function: str, place: str) -> Frame:
    is_library = bool(_GO_LIBRARY.search(place)) or bool(_GO_STANDARD.match(module)) or module.startswith("golang.org/")
    return Frame(module, re.sub(r"\.func[\d<>a-z.]*\Z", "", function), not is_library)
