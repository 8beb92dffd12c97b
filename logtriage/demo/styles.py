"""Log lines as each library writes them: one line of the program in, one or more pieces of the log out."""

import random
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from logtriage.demo.clock import SECOND, iso, spaced
from logtriage.demo.stacks import Failure, stack_text
from logtriage.demo.world import Service

__all__ = ["Line", "Piece", "render"]


class Line(Struct, frozen=True):
    """What the program says. `raw` lines are written as they are, without the logger's prefix."""

    level: str  # DEBUG INFO WARNING ERROR CRITICAL
    message: str
    module: str = "core/main"
    function: str = "run"
    number: int = 40
    failure: Failure | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    raw: bool = False


class Piece(Struct, frozen=True):
    """One LogEntry to be: text or JSON, its stream, its severity (None: missing), whether it knows its trace."""

    delay_ns: int
    stream: str
    severity: str | None
    text: str | None = None
    json: dict[str, Any] | None = None
    has_trace: bool = False


_SHORT = {"WARNING": "WARN", "CRITICAL": "FATAL"}
_PINO = {"DEBUG": 20, "INFO": 30, "WARNING": 40, "ERROR": 50, "CRITICAL": 60}
_ANSI = {"DEBUG": "36", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "41"}


def render(service: Service, line: Line, at_ns: int, rng: random.Random) -> list[Piece]:
    """The pieces a line becomes in the log of its service, in order of their delays."""
    if line.raw:
        return [Piece(0, "stdout" if service.language in {"node", "java"} else "stderr", None, line.message)]
    writer = _JSON.get(service.style)
    if writer is not None:
        return [writer(service, line, at_ns)]
    head = _TEXT[service.style](service, line, at_ns)
    if line.failure is None:
        return [Piece(0, "stderr", None, head)]
    return _with_stack(service, head, stack_text(service, line.failure), rng)


def _with_stack(service: Service, head: str, stack: str, rng: random.Random) -> list[Piece]:
    stream = "stdout" if service.language == "java" else "stderr"
    if service.language == "go":
        stack = f"goroutine {rng.randrange(20, 900)} [running]:\n{stack}"
    if service.stacks == "coalesced":
        if service.language == "java" or service.style == "loguru":
            return [Piece(0, stream, "ERROR", f"{head}\n{stack}")]
        return [Piece(0, stream, None, head), Piece(rng.randrange(4_000, 90_000), stream, "ERROR", stack)]
    lines = stack.split("\n")
    if service.stacks == "per_line":
        return [Piece(at * 3_000, stream, None, text) for at, text in enumerate([head, *lines]) if text]
    cut = max(1, len(lines) * 2 // 3)
    pieces = [head, "\n".join(lines[:cut]), "\n".join(lines[cut:])]
    return [Piece(at * 7_000, stream, None, text) for at, text in enumerate(pieces) if text]


# --- text


def _dotted(service: Service, line: Line) -> str:
    return f"{service.package}.{line.module.replace('/', '.')}"


def _loguru(service: Service, line: Line, at_ns: int) -> str:
    module = _dotted(service, line)
    if not service.has_ansi:
        place = f"{module}:{line.function}:{line.number}"
        return f"{spaced(at_ns)} | {line.level:<8} | {place} - {line.message}"
    colour = _ANSI[line.level]
    place = f"\x1b[36m{module}\x1b[0m:\x1b[36m{line.function}\x1b[0m:\x1b[36m{line.number}\x1b[0m"
    level = f"\x1b[{colour}m\x1b[1m{line.level:<8}\x1b[0m"
    return f"\x1b[32m{spaced(at_ns)}\x1b[0m | {level} | {place} - \x1b[{colour}m\x1b[1m{line.message}\x1b[0m"


def _pylog(service: Service, line: Line, at_ns: int) -> str:
    return f"{spaced(at_ns, ',')} - {_dotted(service, line)} - {line.level} - {line.message}"


def _nodetext(service: Service, line: Line, at_ns: int) -> str:
    return (
        f"[{iso(at_ns, 3)}] {_SHORT.get(line.level, line.level).lower()} ({service.role}:{line.module}): {line.message}"
    )


def _golog(service: Service, line: Line, at_ns: int) -> str:
    del service
    when = spaced(at_ns)[:19].replace("-", "/")
    name = line.module.rpartition("/")[2]
    tail = f": {line.failure.message}" if line.failure is not None and line.failure.message not in line.message else ""
    return f"{when} {name}.go:{line.number}: {_SHORT.get(line.level, line.level)} {line.message}{tail}"


def _logback(service: Service, line: Line, at_ns: int) -> str:
    layer, _, noun = line.module.partition("/")
    short = f"i.{service.package[0]}.{service.role[:1]}.{layer}.{noun.capitalize()}{layer.capitalize()}"
    level = _SHORT.get(line.level, line.level)
    return (
        f"{spaced(at_ns)} {level:>5} 1 --- [nio-{service.port}-exec-{line.number % 9 + 1}] {short:<40} : {line.message}"
    )


# --- JSON


def _structlog(service: Service, line: Line, at_ns: int) -> Piece:
    body: dict[str, Any] = {
        "message": line.message, "level": line.level.lower(), "timestamp": iso(at_ns - 300_000),
        "logger": _dotted(service, line), "func_name": line.function, "lineno": line.number,
        "service": service.name, **line.fields,
    }  # fmt: skip
    if line.failure is not None:
        trace = stack_text(service, line.failure)
        body["exception"] = trace
        body["error"] = {"type": line.failure.type, "value": line.failure.message, "traceback": trace}
    elif service.has_fake_errors:
        body["error"] = {"type": None, "value": None, "traceback": "NoneType: None\n"}
    return Piece(0, "stderr", line.level, json=body, has_trace=True)


def _pino(service: Service, line: Line, at_ns: int) -> Piece:
    body: dict[str, Any] = {
        "level": _PINO[line.level], "time": at_ns // 1_000_000, "pid": 1, "hostname": "localhost",
        "name": service.name, "module": line.module, **line.fields,
    }  # fmt: skip
    if line.failure is not None:
        stack = stack_text(service, line.failure)
        body["err"] = {"type": line.failure.type, "message": line.failure.message, "stack": stack}
    body["msg"] = line.message
    return Piece(0, "stdout", None, json=body, has_trace=True)


def _winston(service: Service, line: Line, at_ns: int) -> Piece:
    level = _SHORT.get(line.level, line.level).lower()
    body: dict[str, Any] = {
        "level": level, "message": line.message, "timestamp": iso(at_ns, 3), "label": f"{service.role}.{line.module}",
        **line.fields,
    }  # fmt: skip
    if line.failure is not None:
        body["stack"] = stack_text(service, line.failure)
    return Piece(0, "stdout", line.level, json=body, has_trace=True)


def _slog(service: Service, line: Line, at_ns: int) -> Piece:
    body: dict[str, Any] = {
        "time": iso(at_ns, 9), "msg": line.message,
        "source": {
            "function": f"{service.package}/{line.module}.{line.function}", "file": f"/src/{line.module}.go",
            "line": line.number,
        },
        **line.fields,
    }  # fmt: skip
    if line.failure is not None:
        body["err"] = line.failure.message
    return Piece(0, "stdout", line.level, json=body, has_trace=True)


def _zap(service: Service, line: Line, at_ns: int) -> Piece:
    body: dict[str, Any] = {
        "level": _SHORT.get(line.level, line.level).lower(), "ts": round(at_ns / SECOND, 6),
        "caller": f"{line.module}.go:{line.number}", "msg": line.message, **line.fields,
    }  # fmt: skip
    if line.failure is not None:
        body["error"] = line.failure.message
        body["stacktrace"] = stack_text(service, line.failure)
    return Piece(0, "stderr", line.level if line.level != "CRITICAL" else None, json=body, has_trace=True)


def _logstash(service: Service, line: Line, at_ns: int) -> Piece:
    layer, _, noun = line.module.partition("/")
    body: dict[str, Any] = {
        "@timestamp": iso(at_ns, 3), "@version": "1", "message": line.message,
        "logger_name": f"io.{service.package.split('_')[0]}.{service.role}.{layer}.{noun.capitalize()}",
        "thread_name": f"exec-{line.number % 9 + 1}", "level": _SHORT.get(line.level, line.level),
        "level_value": _PINO[line.level] * 1000 - 10000, **line.fields,
    }  # fmt: skip
    if line.failure is not None:
        body["stack_trace"] = stack_text(service, line.failure)
    return Piece(0, "stdout", None, json=body, has_trace=True)


_TEXT: dict[str, Callable[[Service, Line, int], str]] = {
    "loguru": _loguru, "pylog": _pylog, "nodetext": _nodetext, "golog": _golog, "logback": _logback,
}  # fmt: skip
_JSON: dict[str, Callable[[Service, Line, int], Piece]] = {
    "structlog": _structlog, "pino": _pino, "winston": _winston, "slog": _slog, "zap": _zap, "logstash": _logstash,
}  # fmt: skip
