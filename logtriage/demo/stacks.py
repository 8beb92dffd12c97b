"""Failures as languages print them: exception, frames, cause."""

import random

from msgspec import Struct

from logtriage.demo.world import Service, World

__all__ = ["Failure", "Frame", "draw_failure", "stack_text"]


class Frame(Struct, frozen=True):
    """One call of a stack, innermost last. `module` is dotted or a path, as the language has it."""

    module: str
    function: str
    line: int
    code: str


class Failure(Struct, frozen=True):
    """An exception with its frames and, where there is one, the failure that caused it."""

    type: str
    message: str
    frames: tuple[Frame, ...]
    cause: "Failure | None" = None


_PYTHON_SERVER = (
    '  File "/usr/local/lib/python3.11/site-packages/starlette/routing.py", line {a}, in app\n'
    "    response = await func(request)\n"
    '  File "/usr/local/lib/python3.11/site-packages/fastapi/routing.py", line {b}, in run_endpoint_function\n'
    "    return await dependant.call(**values)\n"
)
_GO_SERVER = "net/http.(*conn).serve{args}\n\t/usr/local/go/src/net/http/server.go:2092{offset}"
_NODE_SERVER = "    at process.processTicksAndRejections (node:internal/process/task_queues:{a}:5)"
_JAVA_SERVER = (
    "\tat org.springframework.web.method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:{a})\n"
    "\tat java.base/java.lang.Thread.run(Thread.java:1583)"
)
_LAYERS = ("handlers", "services", "core", "clients", "storage", "adapters")


def draw_failure(world: World, service: Service, rng: random.Random, kind: str, message: str) -> Failure:
    """A failure of `kind` (an exception's name) with frames in the service's own modules, drawn once per fault."""
    depth = rng.choice((2, 3, 4))
    layers = rng.sample(_LAYERS, depth)
    frames = []
    for layer in layers:
        noun, verb = rng.choice(world.nouns), rng.choice(world.verbs)
        function = f"{verb}_{noun}" if service.language == "python" else f"{verb}{noun.capitalize()}"
        frames.append(Frame(f"{layer}/{noun}", function, rng.randrange(18, 420), f"{noun}.{function}(ctx)"))
    return Failure(kind, message, tuple(frames))


def stack_text(service: Service, failure: Failure) -> str:
    """The trace as the language prints it, the exception's line included."""
    return _PRINTERS[service.language](service, failure)


def _python(service: Service, failure: Failure) -> str:
    text = ""
    if failure.cause is not None:
        text = _python(service, failure.cause)
        text += "\n\nThe above exception was the direct cause of the following exception:\n\n"
    text += "Traceback (most recent call last):\n"
    text += _PYTHON_SERVER.format(a=76, b=212)
    for frame in failure.frames:
        path = f"/app/{service.package}/{frame.module}.py"
        text += f'  File "{path}", line {frame.line}, in {frame.function}\n    return await {frame.code}\n'
    return f"{text}{failure.type}: {failure.message}"


def _node(service: Service, failure: Failure) -> str:
    lines = [f"{failure.type}: {failure.message}"]
    for frame in reversed(failure.frames):
        layer, _, noun = frame.module.partition("/")
        place = f"/srv/{service.name}/dist/{layer}/{noun}.js:{frame.line}:{frame.line % 37 + 5}"
        lines.append(f"    at {noun.capitalize()}{layer.capitalize()}.{frame.function} ({place})")
    lines.append(_NODE_SERVER.format(a=105))
    if failure.cause is not None:
        lines.append("  [cause]: " + _node(service, failure.cause).replace("\n", "\n  "))
    return "\n".join(lines)


def _java(service: Service, failure: Failure) -> str:
    root = f"io.{service.package.split('_')[0]}.{service.role}"
    lines = [f"{root}.errors.{failure.type}: {failure.message}"]
    for frame in reversed(failure.frames):
        layer, _, noun = frame.module.partition("/")
        cls = f"{noun.capitalize()}{layer.capitalize()}"
        lines.append(f"\tat {root}.{layer}.{cls}.{frame.function}({cls}.java:{frame.line})")
    lines.append(_JAVA_SERVER.format(a=255))
    if failure.cause is not None:
        lines.append("Caused by: " + _java(service, failure.cause))
    return "\n".join(lines)


def _go(service: Service, failure: Failure) -> str:
    # the runtime prints arguments and offsets, structured loggers leave them out
    args, offset = ("(0xc0001a2000, 0xc00034e100)", " +0x1d4") if service.style == "golog" else ("", "")
    lines = []
    for frame in reversed(failure.frames):
        layer = frame.module.partition("/")[0]
        lines.append(f"{service.package}/{layer}.{frame.function}{args}\n\t/src/{frame.module}.go:{frame.line}{offset}")
    lines.append(_GO_SERVER.format(args=args, offset=offset))
    return "\n".join(lines)


_PRINTERS = {"python": _python, "node": _node, "java": _java, "go": _go}
