"""Exceptions told as JSON objects in; the text out that read_trace() reads, native where the stack is a text.

Known by what they hold: a type and a message, a stack as text, lines or frames, causes and members. So loggers of any
language fit: pino, winston, bunyan, logback, log4j, Serilog, structlog, Monolog, zap, zerolog, ECS, OpenTelemetry.
"""

import re
from collections.abc import Iterator
from typing import Any

from classifiers.frames.lines import ESCAPED

__all__ = ["TYPE_KEYS", "VALUE_KEYS", "plain_key", "told_error", "told_errors"]

_DEPTH = 6  # of causes and members
_MOST_FRAMES = 200  # of a list: its beginning and its end
_MOST_MEMBERS = 50

TYPE_KEYS = (
    "exception.type", "error.type", "error.kind", "error.name", "exctype", "errortype", "errorkind", "errorclass",
    "errorname", "exceptiontype", "exceptionclass", "exceptionname", "classname", "type", "name", "class", "kind",
)  # fmt: skip
VALUE_KEYS = (
    "exception.message", "error.message", "excvalue", "excmessage", "errormessage", "errormsg", "exceptionmessage",
    "value", "localizedmessage", "message", "msg",
)  # fmt: skip
_CAUSE_KEYS = ("cause", "previous", "innerexception", "inner", "innererror", "originalerror", "rootcause")
_MEMBER_KEYS = ("errors", "exceptions", "innerexceptions", "causes")
_FRAMES_KEYS = ("stacktrace", "extendedstacktrace", "stack", "frames", "backtrace", "trace", "traceback")
_FILE_KEYS = ("filename", "file", "abspath", "source", "path")
_FUNCTION_KEYS = ("function", "method", "name", "func", "methodname")
_OWNER_KEYS = ("class", "classname", "declaringclass", "module", "package", "type")
_LINE_KEYS = ("lineno", "line", "linenumber", "lineno.", "lineno_")

_TYPE = re.compile(r"(?:[A-Za-z_$][\w$]*(?:\.|/|\\+|::|\+))*[A-Z][\w$]*\Z")
_FRAME_LINE = re.compile(
    r"(?:\A|\n)[ \t>|]*(?:at \S|File \"|from \S+:\d|#\d+ [^\n]*(?:\.php|\[internal|\{main)|\S+\.rb:\d+:in|[^\s@]*@\w+://)"
    r"|\n[\s|]+\S+\.go:\d|\.go:\d+ \(0x|goroutine \d|\n│ \S+\.py:\d"
)
_PLACE = re.compile(r"(\S+\.\w+):(\d+)\Z")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{3,40}\Z")
_GLUE = "\n\nThe above exception was the direct cause of the following exception:\n\n"
_PYTHON = 'File "'
_CRASH = "most recent call first"
_CHAINED = re.compile(
    r"(?m)^\s*(?:Caused by: |\[cause\]: | ?---> |Next |\[previous exception\])|During handling of|direct cause"
)


def plain_key(key: str) -> str:
    """A key as it is compared: without case, underlines and marks."""
    return key.lower().replace("_", "").replace("-", "").lstrip("@")


def told_error(found: dict[str, Any], depth: int = 0) -> str | None:
    """The exception that an object tells: its trace, else `Type: value`; None where it tells none."""
    fields = {plain_key(key): value for key, value in found.items() if isinstance(key, str)}
    kind, value = _typed(fields)
    text = _with_stack(fields, kind, value)
    if text is None:
        return None
    if depth >= _DEPTH or _CHAINED.search(text):
        return text
    members = [told for one in _members(fields) if (told := told_error(one, depth + 1))]
    if members:
        text = _grouped(text, members)
    cause = next((fields[key] for key in _CAUSE_KEYS if isinstance(fields.get(key), dict)), None)
    inner = told_error(cause, depth + 1) if cause else None
    return _caused(text, inner) if inner else text


def told_errors(chain: list[dict[str, Any]], *, innermost_first: bool) -> str | None:
    """The exceptions that a list of objects tells as one chain."""
    texts = [text for one in chain[:_MOST_MEMBERS] if (text := told_error(one))]
    if not innermost_first:
        texts.reverse()
    told = texts[0] if texts else None
    for outer in texts[1:]:
        told = _caused(outer, told or "")
    return told


def _typed(fields: dict[str, Any]) -> tuple[str, str]:
    """Type and message of an object, with its code; empty where it has none."""
    kind = next((fields[key] for key in TYPE_KEYS if isinstance(fields.get(key), str)), "")
    value = next((fields[key] for key in VALUE_KEYS if isinstance(fields.get(key), str)), "")
    if not _TYPE.match(kind) or re.fullmatch(r"[A-Z]+", kind):
        kind = ""
    code = fields.get("code")
    if kind and isinstance(code, str) and _CODE.match(code) and code not in value:
        value = f"{value} ({code})"
    return kind, value.strip()


def _with_stack(fields: dict[str, Any], kind: str, value: str) -> str | None:
    """The object's stack with its type and message, wherever they stand; without a stack both."""
    stack = max(_stacks(fields), key=len, default=None)
    if stack is None:
        return f"{kind}: {value}" if kind and value else None
    if _PYTHON in stack:
        return _ended(stack, kind or "error", value if kind else _said(fields))
    return _headed(stack, fields, kind, value)


def _headed(stack: str, fields: dict[str, Any], kind: str, value: str) -> str:
    """A stack with the line that tells its exception before its frames, as its language writes it."""
    first = stack.lstrip().partition("\n")[0]
    if (kind and kind.rpartition(".")[2] in first) or not _FRAME_LINE.search(f"\n{stack.lstrip()[: len(first) + 200]}"):
        return _coded(stack, first, value)
    if not _is_frame(first, stack):
        return stack
    if not kind:
        said = _said(fields) or value
        return f"{said}\n{stack}" if said else stack
    if first.startswith("#"):
        return f"PHP Fatal error:  Uncaught {kind}: {value}\nStack trace:\n{stack}"
    return f"{kind} ({value}):\n{stack}" if ".rb:" in first else f"{kind}: {value}\n{stack}"


def _said(fields: dict[str, Any]) -> str:
    """What an error's field says, as a text."""
    return _text(fields, ("error", "err"))


def _coded(stack: str, first: str, value: str) -> str:
    """The stack with the code behind its first line, where the object tells one that the line lacks."""
    code = re.search(r"\(([A-Z][A-Z0-9_]{3,40})\)\Z", value)
    return stack.replace(first, f"{first} {code[0]}", 1) if code and code[1] not in first else stack


def _is_frame(first: str, stack: str) -> bool:
    """Whether a stack begins with a frame, and not with its exception."""
    behind = stack.lstrip().partition("\n")[2][:400]
    begins = re.match(r"(?:at \S|from |#\d+ |\S+\.rb:\d+:in [`'][^`']*'\Z|[^\s@]*@\w+://)", first)
    return bool(begins) or bool(re.match(r"\s+\S+\.go:\d", behind) and "(" not in first.partition(" ")[0][:1])


def _ended(stack: str, kind: str, value: str) -> str:
    """A traceback with the line that tells its exception."""
    if _CRASH in stack:
        return stack
    lines = stack.rstrip().split("\n")
    is_told = not lines[-1].startswith((" ", "\t")) and _PYTHON not in lines[-1]
    begun = stack.rstrip() if "Traceback" in stack else f"Traceback (most recent call last):\n{stack.rstrip()}"
    return begun if is_told or not value else f"{begun}\n{kind}: {value}"


def _stacks(fields: dict[str, Any]) -> Iterator[str]:
    """Each stack of the object as text."""
    for key, content in fields.items():
        if isinstance(content, dict) and key in _FRAMES_KEYS:
            frames = content.get("frames")
            if isinstance(frames, list):
                yield from _framed(frames, outermost_first=True)
        elif isinstance(content, list) and content:
            if all(isinstance(line, str) for line in content):
                yield from _lined(content)
            elif key in _FRAMES_KEYS:
                yield from _framed(content, outermost_first=key == "frames")
        elif isinstance(content, str) and key not in {"message", "msg"}:
            has_lines = "\n" in content or ESCAPED in content or key in _FRAMES_KEYS or key.endswith("stacktrace")
            if has_lines and _FRAME_LINE.search(content.replace(ESCAPED, "\n") if ESCAPED in content else content):
                yield content


def _lined(lines: list[str]) -> Iterator[str]:
    """A stack told as a list of lines, or of `file:line`."""
    places = [place for line in lines if (place := _PLACE.match(line))]
    if places and len(places) == len(lines):
        yield from _framed([{"file": one[1], "line": one[2], "function": "?"} for one in places], outermost_first=False)
        return
    text = "\n".join(line.rstrip("\n") for line in lines)
    if _FRAME_LINE.search(text):
        yield text


def _framed(frames: list[Any], *, outermost_first: bool) -> Iterator[str]:
    """A stack told as a list of objects, in Python's form, which takes the frames of any language."""
    if len(frames) > _MOST_FRAMES:
        frames = [*frames[: _MOST_FRAMES // 2], *frames[-_MOST_FRAMES // 2 :]]
    lines = [line for frame in frames if isinstance(frame, dict) and (line := _frame_line(frame))]
    if lines:
        yield "\n".join(lines if outermost_first else lines[::-1])


def _frame_line(frame: dict[str, Any]) -> str | None:
    """One frame in Python's form."""
    fields = {plain_key(key): value for key, value in frame.items() if isinstance(key, str)}
    file = _text(fields, _FILE_KEYS).replace('"', "'").replace("\n", " ")
    function = _text(fields, _FUNCTION_KEYS).replace("\n", " ") or "<anonymous>"
    owner = _text(fields, _OWNER_KEYS)
    ending = file.rpartition(".")[2].lower()
    if not file and owner:
        file, ending = "Unknown.java", "java"
    if owner and ending in {"java", "kt", "scala", "groovy", "go", "cs", "fs", "vb"} and not function.startswith(owner):
        function = f"{owner}.{function}"
    line = next((fields[key] for key in _LINE_KEYS if isinstance(fields.get(key), int | str)), 0)
    return f'  File "{file}", line {str(line).strip() or 0}, in {function}' if file and " " not in str(line) else None


def _text(fields: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((fields[key] for key in keys if isinstance(fields.get(key), str) and fields[key]), "")


def _members(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects of the members of a group; structlog tells each as a chain, of which the last began it."""
    told: list[Any] = next((fields[key] for key in _MEMBER_KEYS if isinstance(fields.get(key), list)), [])
    found = [one[-1] if isinstance(one, list) and one else one for one in told[:_MOST_MEMBERS]]
    return [one for one in found if isinstance(one, dict)]


def _grouped(text: str, members: list[str]) -> str:
    """A group with its members."""
    if _PYTHON not in text and any("\n    at " in member for member in members):
        inner = ",\n".join("    " + member.replace("\n", "\n    ") for member in members)
        return f"{text} {{\n  [errors]: [\n{inner}\n  ]\n}}"
    lines = [f"  | {line}" for line in text.split("\n")]
    for at, member in enumerate(members):
        lines.append(f"  {'+-' if at == 0 else '  '}+---------------- {at + 1} ----------------")
        lines += [f"    | {line}" for line in member.split("\n")]
    whole = "\n".join([*lines, "    +------------------------------------"])
    start = "  + Exception Group Traceback (most recent call last):\n"
    return (
        start + whole.replace("  | Traceback (most recent call last):\n", "", 1) if _PYTHON in text else start + whole
    )


def _caused(outer: str, inner: str) -> str:
    """An exception with its cause."""
    if _PYTHON in outer or _PYTHON in inner:
        return f"{_traced(inner)}{_GLUE}{_traced(outer)}"
    return f"{outer}\nCaused by: {inner}"


def _traced(text: str) -> str:
    return text if "Traceback" in text else f"Traceback (most recent call last):\n{text}"
