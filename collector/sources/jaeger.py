"""Traces pulled from Jaeger's query service: each service's, one OTLP request a trace.

Where it answers, the API that gives OTLP (/api/v3) is used, else the one of its pages (/api). A trace that goes through
several services comes once for each of them; within one slice it is handed over once.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Literal

from msgspec import Struct, field
from pydantic import Field

from collector.errors import SourceError
from collector.records import RawBatch
from collector.sources.base import Settings
from collector.sources.http_api import HttpApi, NotThere, open_api
from collector.sources.jaeger_v1 import otlp_request
from collector.sources.patience import one_line
from collector.sources.slices import Slice
from collector.sources.trace_pulls import Answer, TracePull, TraceSourceConfig, halved, requests_by_trace
from collector.window import format_ns

__all__ = ["Jaeger", "JaegerConfig"]

_STEP_NS = 1_000_000  # time is not halved below it
_US = 1000
_MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class JaegerConfig(TraceSourceConfig):
    """What a user writes for a source of kind jaeger."""

    kind: Literal["jaeger"] = "jaeger"
    name: str = Field(default="jaeger", min_length=1, max_length=200)
    services: tuple[str, ...] = ()  # names, * and ? allowed; empty is all
    api: Literal["auto", "v1", "v3"] = "auto"


class Jaeger(Struct, frozen=True):
    """The source of kind jaeger."""

    config: JaegerConfig
    settings: Settings

    @property
    def name(self) -> str:
        """The name given in config.yaml."""
        return self.config.name

    def pull(self, *, since_ns: int | None, until_ns: int, cursor: dict[str, Any] | None) -> Iterator[RawBatch]:
        """Traces of before until_ns that are not settled yet; see Source.pull."""
        with open_api(self.config, self.settings, what="Jaeger") as api:
            reading = _Reading(self.config, api)
            reading.find_services()
            pull = TracePull(self.config, self.settings, api.who, reading.slice)
            yield from pull.batches(since_ns=since_ns, until_ns=until_ns, cursor=cursor)


class _Reading(Struct):
    """The calls of one pull."""

    config: JaegerConfig
    api: HttpApi
    services: list[str] = field(default_factory=list)
    is_v3: bool = False
    seen: dict[str, int] = field(default_factory=dict)

    def find_services(self) -> None:
        """Which API answers, and the services that it knows and the settings want."""
        names: Any = None
        if self.config.api != "v1":
            names = self._names("/api/v3/services", "services", is_needed=self.config.api == "v3")
            self.is_v3 = names is not None
        if names is None:
            names = self._names("/api/services", "data", is_needed=True)
        wanted = self.config.services or ("*",)
        self.services = sorted(
            {str(name) for name in names if any(fnmatchcase(str(name), pattern) for pattern in wanted)}
        )

    def _names(self, path: str, key: str, *, is_needed: bool) -> list[Any] | None:
        """The list under a key of an answer; None where this API is not there and another may be."""
        try:
            value = self.api.get(path)
        except NotThere:
            if is_needed:
                raise
            return None
        names = value.get(key) if isinstance(value, dict) else None
        if names is None and isinstance(value, dict) and key in value:
            return []  # null of a server that knows no service yet
        if isinstance(names, list):
            return names
        if is_needed:
            raise SourceError(
                f"{self.api.who} answers `{path}` with JSON that has no list `{key}`. Correct url in config.yaml."
            )
        return None

    def slice(self, piece: Slice) -> Iterator[Answer]:
        """All answers of a slice, service by service."""
        self.seen.clear()
        for service in self.services:

            def ask(start_ns: int, end_ns: int, limit: int, service: str = service) -> Answer:
                asked = self._v3 if self.is_v3 else self._v1
                return asked(service, start_ns, end_ns, limit)

            limit = self.config.traces_per_answer
            for answer in halved(piece, step_ns=_STEP_NS, limit=limit, ask=ask, who=self.api.who):
                yield Answer(texts=list(self._unseen(answer)), reasons=answer.reasons)

    def _v1(self, service: str, start_ns: int, end_ns: int, limit: int) -> Answer:
        value = self.api.get(
            "/api/traces",
            {"service": service, "start": start_ns // _US, "end": -(-end_ns // _US), "limit": limit},
        )
        data = value.get("data") if isinstance(value, dict) else None
        told = value.get("errors") if isinstance(value, dict) else None
        if not isinstance(data, list) and (told or not isinstance(value, dict) or "data" not in value):
            raise self._strange("data", told)
        answer = Answer(is_full=len(data or ()) >= limit)
        if answer.is_full and end_ns - start_ns > _STEP_NS:
            return answer  # its halves are asked for
        for trace in data or ():
            try:
                text, spans = otlp_request(trace)
                answer.keys.append((str(trace.get("traceID") or ""), spans))
                answer.texts.append(text)
            except _MALFORMED as error:
                answer.reasons.append(f"a trace of Jaeger is malformed ({type(error).__name__})")
        return answer

    def _v3(self, service: str, start_ns: int, end_ns: int, limit: int) -> Answer:
        try:
            value = self.api.get(
                "/api/v3/traces",
                {
                    "query.service_name": service,
                    "query.start_time_min": format_ns(start_ns, digits=9),
                    "query.start_time_max": format_ns(end_ns, digits=9),
                    "query.num_traces": limit,
                    "query.search_depth": limit,  # its newer name
                },
            )
        except NotThere:  # what this API says where it found no trace
            return Answer()
        try:
            parts = [part["result"] for part in (value if isinstance(value, tuple) else (value,))]
            traces = requests_by_trace(one for part in parts for one in part.get("resourceSpans") or ())
        except _MALFORMED as error:
            raise self._strange("result", None) from error
        answer = Answer(is_full=len(traces) >= limit)
        if not answer.is_full or end_ns - start_ns <= _STEP_NS:
            answer.keys = [(trace, spans) for trace, (_, spans) in traces.items()]
            answer.texts = [text for text, _ in traces.values()]
        return answer

    def _unseen(self, answer: Answer) -> Iterator[str]:
        """Without traces that came with another service of this slice and have not grown since."""
        for (trace, spans), text in zip(answer.keys, answer.texts, strict=True):
            if self.seen.get(trace, 0) < spans:
                self.seen[trace] = spans
                yield text

    def _strange(self, key: str, told: Any) -> SourceError:
        said = f" (`{one_line(str(told))}`)" if told else ""
        return SourceError(
            f"{self.api.who} answers a search with JSON that has no `{key}`{said}. Correct url in config.yaml."
        )
