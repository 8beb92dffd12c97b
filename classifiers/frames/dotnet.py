"""Traces of .NET: inner exceptions, aggregates, and methods as compilers name async ones, lambdas and iterators."""

import re
from functools import lru_cache

from classifiers.frames.base import Frame, Raised, Trace, read_with, told_trace
from classifiers.frames.names import steady
from classifiers.frames.thrown import split_header

__all__ = ["frame_of", "is_frame", "read"]

_LONGEST_LINE = 1000  # of a frame; what is longer is text
_FRAME = re.compile(
    r"\s*at (?P<name>[\w.<>`|+\[\],$-]+?) ?\((?P<arguments>[^()]*)\)(?P<place> in .*:line \S+| \[0x.*)?(?P<ends>.*)\Z"
)
_INNER = " ---> "
_MEMBER = re.compile(r"\(Inner Exception #\S+\) ")
_TYPE = re.compile(
    r"(?P<head>.*?(?:\A|[\s:.]))(?P<type>(?:[A-Za-z_]\w*[.+])+[A-Z]\w*(?:`\S+)?|[A-Z]\w*(?:Exception|Error))"
    r"(?: \([^)]*\))?(?:: (?P<value>.*)|\Z)"
)
_END_OF_INNER = "--- End of inner exception stack trace ---"
_END_OF_PLACE = "--- End of stack trace from previous location"
_LOWERED = re.compile(r"<+(?P<method>[\w.]+)>+(?:g__(?P<local>\w+)\|)?")
_LIBRARY = re.compile(
    r"(?:System|Microsoft|Npgsql|MySql|MySqlConnector|StackExchange|Newtonsoft|Dapper|Grpc|Polly|MediatR|AutoMapper|Serilog"
    r"|NLog|Swashbuckle|Hangfire|MassTransit|Azure|Amazon|Google|RabbitMQ|Confluent|FluentValidation|Castle|Autofac|MongoDB"
    r"|Elastic|Elasticsearch|OpenTelemetry|Refit|RestSharp|Xunit|NUnit|Moq|Quartz|Oracle|Internal|Interop|Orleans|Duende"
    r"|IdentityServer4|HotChocolate|GraphQL|NHibernate|Akka|FSharp|Mono|JetBrains|Datadog|NewRelic|Sentry|FastEndpoints"
    r"|Wolverine|Marten|Rebus|Scrutor|IdentityModel|OpenIddict|Ocelot|Yarp|Pomelo|log4net|Enyim|Nest|Stripe|Twilio"
    r"|CommandLine|UnityEngine)[.+]"
)


def is_frame(line: str) -> bool:
    """Whether a line is a call as .NET writes it."""
    return len(line) <= _LONGEST_LINE and _frame(line) is not None


def frame_of(name: str) -> Frame:
    """The frame of a method with its namespace and class."""
    is_in_app = not _LIBRARY.match(name) and not name.startswith(("lambda_method", "DynamicClass"))
    lowered = _LOWERED.search(name)
    if lowered:  # Desk.<Open>d__3.MoveNext, Desk.<>c.<Open>b__0, Desk.<Open>g__Ring|3_0
        module = name[: lowered.start()]
        module = re.sub(r"[.+]<>c(?:__\w*?(?:<\w+>)?\w*)?(?=[.+]|\Z)", "", module.rstrip(".+"))
        function = lowered["local"] or lowered["method"]
    else:
        before, _, function = name.rpartition(".")
        module = before.rstrip(".")
        function = f".{function}" if before.endswith(".") else function
    module = re.sub(r"`(?:[0-9]+|<number>)|\[[^\]]*\]", "", module).replace("+", ".")
    return Frame(steady(module), steady(re.sub(r"`.*|\[.*", "", function)), is_in_app)


@lru_cache(maxsize=8192)
def _frame(line: str) -> tuple[Frame, str] | None:
    """The frame that a line tells and what stands behind it."""
    found = _FRAME.match(line)
    if not found or "." not in found["name"] or ".java:" in found["arguments"] or ".kt:" in found["arguments"]:
        return None
    return frame_of(found["name"]), found["ends"]


def read(lines: list[str]) -> Trace | None:
    """The trace that the lines hold."""
    return read_with(_Reader(), lines)


class _Reader:
    """A trace while its lines are read: all types from the outermost in, then frames from the innermost out."""

    def __init__(self) -> None:
        self.head: list[str] = []
        self.root: Raised | None = None
        self.open: list[Raised] = []
        self.pending: list[str] = []

    def take(self, line: str) -> None:
        """Read one line."""
        is_short = len(line) <= _LONGEST_LINE
        read = _frame(line) if is_short and "at " in line else None
        if read:
            self._name()
            self.open[-1].frames.append(read[0])
            if "<---" in read[1]:
                self._leave()
        elif _END_OF_INNER in line:
            self._name()
            self._leave()
        elif _END_OF_PLACE in line:
            return
        elif _INNER in f" {line}" or line.startswith("Caused by: "):
            self._inner(line)
        else:
            self.pending.append(line)

    def _inner(self, line: str) -> None:
        """One or several inner exceptions on a line, behind the exception that they belong to."""
        before, *inner = f" {line.replace('Caused by: ', '---> ', 1)}".split(_INNER)
        if before.strip():
            self.pending.append(before.strip())
        self._name()
        for told in inner:
            self._raise(_MEMBER.sub("", told))

    def _name(self) -> None:
        """The lines before a frame name the outermost exception, or go on with the text of the one told last."""
        pending, self.pending = self.pending, []
        if self.open:
            if not self.open[-1].frames:
                self.open[-1].value += [line for line in pending if line.strip()]
            return
        for at in range(len(pending) - 1, max(-1, len(pending) - 20), -1):
            found = _TYPE.match(pending[at][:_LONGEST_LINE])
            if found:
                self.head = [*pending[:at], found["head"].removesuffix("Unhandled exception. ")]
                self._raise(pending[at][len(found["head"]) :])
                self.open[-1].value += pending[at + 1 :]
                return
        parted = split_header(pending) if pending else None
        self.head, kind, value = parted or (pending, "", [])
        self.root = Raised(kind, value)
        self.open.append(self.root)

    def _raise(self, told: str) -> None:
        found = _TYPE.match(told[:_LONGEST_LINE])
        kind = found["type"].partition("`")[0] if found else ""
        value = (found["value"] or "") + told[_LONGEST_LINE:] if found else told
        raised = Raised(kind.replace("+", "."), [value.removesuffix("<---").strip()])
        if self.open:
            self.open[-1].causes.append(raised)
        else:
            self.root = raised
        self.open.append(raised)
        if told.rstrip().endswith("<---"):
            self._leave()

    def _leave(self) -> None:
        """The innermost exception is told; the frames that follow are of the one around it."""
        if len(self.open) > 1:
            self.open.pop()

    def close(self) -> Trace | None:
        """The trace of what was read."""
        self._name() if self.open else None
        return told_trace("dotnet", self.head, self.root, innermost_first=True)
