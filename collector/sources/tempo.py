"""Traces pulled from Grafana Tempo: found by a TraceQL search, then read one by one, one OTLP request a trace."""

from collections.abc import Iterator
from typing import Any, Literal

import orjson
from msgspec import Struct, field
from pydantic import Field

from collector.errors import SourceError
from collector.records import RawBatch
from collector.sources.base import Settings
from collector.sources.http_api import AnswerTooLarge, HttpApi, NotThere, open_api
from collector.sources.slices import Slice
from collector.sources.trace_pulls import Answer, TracePull, TraceSourceConfig, halved
from collector.window import NS_PER_S

__all__ = ["Tempo", "TempoConfig"]

_ID_DIGITS = frozenset("0123456789abcdef")
_READ_AT_ONCE = 100  # traces of one batch: a search finds hundreds, each of which is a call


class TempoConfig(TraceSourceConfig):
    """What a user writes for a source of kind tempo."""

    kind: Literal["tempo"] = "tempo"
    name: str = Field(default="tempo", min_length=1, max_length=200)
    query: str = Field(default="{}", min_length=2, max_length=8_000)  # TraceQL; {} is all


class Tempo(Struct, frozen=True):
    """The source of kind tempo."""

    config: TempoConfig
    settings: Settings

    @property
    def name(self) -> str:
        """The name given in config.yaml."""
        return self.config.name

    def pull(self, *, since_ns: int | None, until_ns: int, cursor: dict[str, Any] | None) -> Iterator[RawBatch]:
        """Traces of before until_ns that are not settled yet; see Source.pull."""
        with open_api(self.config, self.settings, what="Tempo") as api:
            reading = _Reading(self.config, api)
            pull = TracePull(self.config, self.settings, api.who, reading.slice)
            yield from pull.batches(since_ns=since_ns, until_ns=until_ns, cursor=cursor)


class _Reading(Struct):
    """The calls of one pull."""

    config: TempoConfig
    api: HttpApi
    has_v2: bool | None = None  # None until a trace was read
    read: set[str] = field(default_factory=set)

    def slice(self, piece: Slice) -> Iterator[Answer]:
        """All traces of a slice; one that lies in two halves of it is read once."""
        self.read.clear()
        limit = self.config.traces_per_answer
        for found in halved(piece, step_ns=NS_PER_S, limit=limit, ask=self._search, who=self.api.who):
            wanted = [trace for trace in dict.fromkeys(found.texts) if trace not in self.read]
            self.read.update(wanted)
            reasons = found.reasons
            for at in range(0, max(1, len(wanted)), _READ_AT_ONCE):
                answer = Answer(reasons=reasons)
                reasons = []
                for trace in wanted[at : at + _READ_AT_ONCE]:
                    self._take(answer, trace)
                yield answer

    def _search(self, start_ns: int, end_ns: int, limit: int) -> Answer:
        """The ids of the traces that a search finds, in `texts`; Tempo knows whole seconds."""
        value = self.api.get(
            "/api/search",
            {
                "q": self.config.query,
                "start": start_ns // NS_PER_S,
                "end": -(-end_ns // NS_PER_S),
                "limit": limit,
                "spss": 1,
            },
        )
        traces = value.get("traces", []) if isinstance(value, dict) else None
        if traces is None and isinstance(value, dict):
            traces = []
        if not isinstance(traces, list):
            raise SourceError(
                f"{self.api.who} answers a search with JSON that has no `traces`. Correct url in config.yaml."
            )
        answer = Answer(is_full=len(traces) >= limit)
        for trace in traces:
            given = str(trace.get("traceID") or "").lower() if isinstance(trace, dict) else ""
            if given and set(given) <= _ID_DIGITS:
                answer.texts.append(given.zfill(32))  # Tempo leaves leading zeros away
            else:
                answer.reasons.append("Tempo found a trace and told no id of it")
        return answer

    def _take(self, answer: Answer, trace: str) -> None:
        """Reads one trace; what cannot be had of it is told as a reason and costs the others nothing."""
        try:
            value = self._whole(trace)
        except NotThere:
            answer.reasons.append(f"Tempo found trace {trace} and then did not have it")
            return
        except AnswerTooLarge as error:
            answer.reasons.append(f"trace {trace} was not read: {error}")
            return
        content = value.get("trace", value) if isinstance(value, dict) else None
        resources = (content.get("resourceSpans") or content.get("batches")) if isinstance(content, dict) else None
        if not isinstance(resources, list):
            answer.reasons.append(f"Tempo's answer of trace {trace} has no spans")
            return
        answer.texts.append(orjson.dumps({"resourceSpans": resources}).decode())
        if str(value.get("status") or "").upper() == "PARTIAL":
            answer.reasons.append(f"Tempo gave only a part of trace {trace}")

    def _whole(self, trace: str) -> Any:
        """The JSON of a trace, from the newer path where the server knows it."""
        if self.has_v2 is not False:
            try:
                value = self.api.get(f"/api/v2/traces/{trace}")
            except NotThere:
                if self.has_v2:
                    raise
            else:
                self.has_v2 = True
                return value
        value = self.api.get(f"/api/traces/{trace}")
        self.has_v2 = False
        return value
