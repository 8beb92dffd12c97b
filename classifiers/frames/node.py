"""Traces of Node, Deno, Bun and browsers: causes, members of an AggregateError, and codes told behind them."""

import re
from functools import lru_cache

from classifiers.frames.base import Frame, Raised, Trace, read_with, told_trace
from classifiers.frames.lines import plain
from classifiers.frames.names import library_path, place_path, steady
from classifiers.frames.thrown import split_header

__all__ = ["frame_of", "is_frame", "read"]

_LONGEST_LINE = 1000  # of a frame; what is longer is text
_MORE_LINES = 200  # of a message, between the name of an exception and its first frame

_NESTED = re.compile(
    r"(?P<indent>\s*)(?:\[?(?P<key>\w+)\]?: (?=\[?[\w$.]*(?:Error|Exception)\b|error: )|[Cc]aused [Bb]y: )"
)
_MEMBERS = re.compile(r"\s*\[?errors\]?: \[\s*\Z")
_CODE = re.compile(r"""(?P<indent>\s+)['"]?code['"]?: ['"](?P<code>[A-Z][A-Z0-9_]{3,40})['"],?\Z""")
_NOISE = re.compile(
    r"(?:[{}\])],?|\^+|Node\.js v.*|throw .*|\S*:(?:[0-9]+|<number>)|Thrown at:|\.\.\. .*|.*matching cause stack.*"
    r"|From previous event:|)\Z"
)
_BROWSER = re.compile(
    r"\s*(?P<function>[^\s@]{0,200})@(?P<path>(?:[a-z-]+://|/)[^\s]+?):(?:\d+|<number>):(?:\d+|<number>)\s*\Z"
)

_LIBRARY = re.compile(
    r"(?:node_modules|\.yarn|\.pnp)/|\A(?:node|ext|wasm|deno|npm|jsr|chrome-extension|moz-extension|bun):|\A(?:internal/"
    r"|<anonymous>|native\b|index [0-9<]|eval at |webpack/|\[native)|webpack/(?:bootstrap|runtime)|webpack-runtime"
    r"|\Ahttps://(?:deno\.land|esm\.sh|cdn\.|unpkg\.)"
    r"|\A(?:events|net|timers|module|stream|dns|tls|http|https|fs|zlib|child_process|domain|util|assert|buffer|readline"
    r"|_\w+|bootstrap_node|async_hooks)\.js\Z"
)
_GENERATED = re.compile(
    r"(?:Generator\.(?:next|throw|return|_invoke|<anonymous>)|__awaiter|__generator|asyncGeneratorStep|fulfilled|rejected"
    r"|__webpack_require__|processTicksAndRejections|process\.processTicksAndRejections)\Z"
)
_SCHEME = re.compile(
    r"\A(?:rsc://React/[^/]*/)?(?:(?:webpack-internal:///|webpack://[^/]*/|turbopack://[^/]*/|vite://[^/]*/|ng://[^/]*/"
    r"|capacitor://[^/]*/|app:///?|https?://[^/]*/|file:///?))?(?:\[project\]/|\((?:[\w-]+)\)/)*"
)
_BUILT = re.compile(
    r"(?:\A|(?<=/))(?:dist|build|out|lib|src|target|output|(?:\.next|_next|\.nuxt|\.output|\.svelte-kit/output|\.vercel/output"
    r"|\.webpack|\.build|\.serverless|\.esbuild)(?:/(?:standalone|server|static|client|service|public))*)/"
)
_ENDING = re.compile(r"(?:\.(?:[cm]?[jt]sx?|vue|svelte|min|bundle|cjs))+\Z")
_HASHED = re.compile(
    r"(?<=[^/])[-.](?:<\w+>|(?=[A-Za-z_]*[0-9])[A-Za-z0-9_]{6,}|[A-Z0-9]{6,})\Z"
    r"|(?<=/)(?:<\w+>|(?=[a-f]*[0-9])[0-9a-f]{6,})\Z"
)
_CHUNK_HASH = re.compile(r"(?<=[^/])[-.](?=[^/]*[A-Z0-9_])[\w-]{8}\Z")  # what vite and rollup put behind a name
_CHUNK_FOLDER = re.compile(r"(?:\A|/)(?:assets|chunks|_app/immutable|immutable|static|js)/")
_RECEIVER = re.compile(
    r"\A(?:async\*?|new|get|set) |\A(?:Object|Function|Module|exports|module\.exports|global|globalThis|window|self"
    r"|_this|_class)\.(?=.)| \[as [^\]]*\]|\Aasync\*|/<\Z"
)
_CALLEE = re.compile(r"_callee[0-9<>a-z]*\$")


def is_frame(line: str) -> bool:
    """Whether a line is a call as V8 writes it."""
    return len(line) <= _LONGEST_LINE and _call(line) is not None


def frame_of(path: str, function: str) -> Frame:
    """The frame of a file and a function."""
    bare = path.replace("\\", "/").partition("?")[0]
    is_library = bool(_LIBRARY.search(bare)) or bool(_GENERATED.match(function))
    name = _CALLEE.sub("_callee$", _RECEIVER.sub("", _RECEIVER.sub("", function)))
    if not name or "/" in name:  # of a module as a bundler wraps it
        name = "<anonymous>"
    if is_library:
        return Frame(steady(_ENDING.sub("", library_path(bare))), steady_name(name), is_in_app=False)
    module = _ENDING.sub("", _BUILT.sub("", place_path(_SCHEME.sub("", bare))))
    if _CHUNK_FOLDER.search(bare):
        module = _CHUNK_HASH.sub("", module)
    return Frame(steady(_HASHED.sub("", module)), steady_name(name), is_in_app=True)


def steady_name(name: str) -> str:
    """A function's name without numbers that stand alone; `<anonymous>` and its like stay."""
    return name if name.startswith("<") and name.endswith(">") and ":" not in name else steady(name)


def _parted(line: str) -> tuple[str, str] | None:
    """Path and function of a line that tells a call; None of all others."""
    bare = plain(line)
    if not bare.startswith("at "):
        return None
    rest = bare[3:].removeprefix("async ")
    if rest.endswith(")") and " (" in rest:
        function, _, place = rest[:-1].partition(" (")
        if place.startswith("[as "):  # no place behind it
            return None
        path, numbers = _unnumbered(place)
        known = place.startswith(("<anonymous>", "native", "index ", "node:", "eval at ", "internal/"))
        return (path, function) if numbers or known else None
    if rest.endswith("(<anonymous>"):
        return None
    path, numbers = _unnumbered(rest)
    return (path, "<anonymous>") if numbers == 2 or rest == "<anonymous>" else None  # noqa: PLR2004 - line, column


def _unnumbered(place: str) -> tuple[str, int]:
    """A path without its line and column, and how many of them there were."""
    path, numbers = place, 0
    while numbers < 2:  # noqa: PLR2004 - line, column
        before, colon, number = path.rpartition(":")
        if not colon or not (number.isdigit() or (number.startswith("<") and number.endswith(">"))):
            break
        path, numbers = before, numbers + 1
    return path, numbers


@lru_cache(maxsize=8192)
def _call(line: str) -> Frame | None:
    """The frame that a line tells as V8 writes it."""
    parts = _parted(line)
    return frame_of(*parts) if parts else None


def _frame(line: str) -> Frame | None:
    """The frame that a line tells."""
    called = _call(line) if "at " in line else None
    if called or "@" not in line:
        return called
    found = _BROWSER.match(line)
    return frame_of(found["path"], found["function"] or "<anonymous>") if found else None


def read(lines: list[str]) -> Trace | None:
    """The trace that the lines hold: frames as V8 writes them, or as Firefox and Safari do."""
    return read_with(_Reader(), lines)


class _Reader:
    """A trace while its lines are read; `open` are exceptions whose object is open, and their indentation."""

    def __init__(self) -> None:
        self.head: list[str] | None = None
        self.root: Raised | None = None
        self.open: list[tuple[int, Raised]] = []
        self.pending: list[str] = []
        self.is_marked = False  # the exception was named as a cause or a member, its frames are still to come

    def take(self, line: str) -> None:
        """Read one line."""
        is_short = len(line) <= _LONGEST_LINE
        frame = _frame(line) if is_short and ("at " in line or "@" in line) else None
        if frame:
            self._name()
            self.open[-1][1].frames.append(frame)
            return
        nested = _NESTED.match(line) if self.open and is_short else None
        if nested:
            self._name()
            deeper = self.open[-1][0] + 2  # behind `Caused by` stands the cause of what was told last
            self._raise(len(nested["indent"]) if nested["key"] else deeper, line[nested.end() :])
            self.is_marked = True
            return
        code = _CODE.match(line) if is_short and self.open and self.open[-1][1].frames else None
        if code:
            self._add_code(len(code["indent"]), code["code"])
        elif _MEMBERS.match(line) is None:
            self.pending.append(line)

    def _name(self) -> None:
        """The lines before a frame name its exception, or go on with its text."""
        told = [line for line in self.pending[-_MORE_LINES:] if not (is_noise(line) and self.open)]
        parted = None if self.is_marked else split_header(told)
        if parted:
            before, kind, value = parted
            if self.head is None:
                self.head = [line for line in before if not is_noise(line)]
            indent = next((len(line) - len(line.lstrip()) for line in told if kind in line), 0)
            self._raise(indent, f"{kind}: {value[0].removesuffix('{')}")
            self.open[-1][1].value += value[1:]
        elif not self.open:
            self.head = [line for line in told if not is_noise(line)]
            self._raise(0, "")
        elif self.is_marked:
            self.open[-1][1].value += told
        self.pending, self.is_marked = [], False

    def _raise(self, indent: int, header: str) -> None:
        """An exception begins: the outermost, or one that the nearest of less indentation tells as cause or member."""
        named = split_header([header]) if header else None
        raised = Raised(named[1], named[2]) if named else Raised()
        while len(self.open) > 1 and self.open[-1][0] >= indent:
            self.open.pop()
        if self.open:
            self.open[-1][1].causes.append(raised)
        else:
            self.root = raised
        self.open.append((indent, raised))

    def _add_code(self, indent: int, code: str) -> None:
        """The code of the innermost exception whose object the line stands in."""
        owner = next((raised for its, raised in reversed(self.open) if its < indent), None)
        if owner and owner.value and code not in owner.value[0]:
            owner.value[0] = f"{owner.value[0]} ({code})".strip()

    def close(self) -> Trace | None:
        """The trace of what was read."""
        if self.is_marked and self.open:
            self._name()
        return told_trace("node", self.head or [], self.root, innermost_first=True)


def is_noise(line: str) -> bool:
    """Whether a line only frames what is told: a brace, the place of a throw, the runtime's version."""
    return len(line) <= _LONGEST_LINE and bool(_NOISE.match(line.strip()))
