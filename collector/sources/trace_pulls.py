"""Pulls of whole traces from servers that are asked for a span of time and a number of traces, without pages.

A slice is read in as many answers as it takes: where one is full, or too large, its time is asked for in halves. Spans
come late; so each pull reads its last `overlap_s` again, and what comes twice the store removes.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import orjson
import polars as pl
from msgspec import Struct, field
from pydantic import Field

from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA, RawBatch
from collector.sources.base import Settings
from collector.sources.http_api import AnswerTooLarge, HttpSourceConfig
from collector.sources.slices import Reach, Slice
from collector.sources.walk import LONGEST_SLICE_S, Pace, Walk, fresh, reaches_cursor, stored_reaches

__all__ = ["Answer", "TracePull", "TraceSourceConfig", "halved", "requests_by_trace"]

Json = dict[str, Any]
_BATCH_CHARS = 16 * 2**20
_BATCH_TRACES = 500
_FLOOR_FACTOR = 20  # more traces are asked for where time cannot be halved any more


class TraceSourceConfig(HttpSourceConfig):
    """Keys of sources of traces over HTTP."""

    overlap_s: int = Field(default=900, ge=0, le=86_400)  # how long after its start a span may become visible
    backfill_s: int = Field(default=86_400, ge=60)  # how far the first pull reaches back when --since is not given
    slice_s: int = Field(default=900, ge=10, le=LONGEST_SLICE_S)  # time read at once; quiet ones grow
    traces_per_answer: int = Field(default=500, ge=10, le=10_000)  # a fuller answer is asked for in halves


class Answer(Struct):
    """Traces as texts of OTLP requests, and why others could not be had. `is_full`: there may be more.

    `keys` has the id and the number of spans of each text, where the source needs them.
    """

    texts: list[str] = field(default_factory=list)
    keys: list[tuple[str, int]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    is_full: bool = False


class TracePull(Struct):
    """One pull of one server. `read(slice)` gives the answers of a slice."""

    config: TraceSourceConfig
    settings: Settings
    who: str
    read: Callable[[Slice], Iterator[Answer]]
    reaches: dict[str, Reach] = field(default_factory=dict)

    def batches(self, *, since_ns: int | None, until_ns: int, cursor: Json | None) -> Iterator[RawBatch]:
        """The traces from the cursor to until_ns, then back to since_ns; the cursor moves at the end of a slice."""
        self.reaches = stored_reaches(cursor)

        def keep(reach: Reach) -> None:
            self.reaches[self.config.url] = reach

        pace = Pace(self.config.slice_s, self.config.overlap_s, self.config.backfill_s)
        walk = Walk(who=self.who, pace=pace, settings=self.settings, kept=keep)

        def read(piece: Slice) -> Generator[RawBatch, None, int]:
            opened = fresh(piece, self.settings.now_ns())
            answers = 0
            for answer in self.read(opened):
                answers += 1
                yield from self._batches(answer)
            walk.close(opened)
            yield self._batch([], [], cursor=reaches_cursor(self.reaches), progress=walk.meter.share())
            return answers

        stored = self.reaches.get(self.config.url)
        yield from walk.over(stored, since_ns=since_ns, until_ns=until_ns, read=read)

    def _batches(self, answer: Answer) -> Iterator[RawBatch]:
        texts: list[str] = []
        size = 0
        for text in answer.texts:
            texts.append(text)
            size += len(text)
            if size >= _BATCH_CHARS or len(texts) >= _BATCH_TRACES:
                yield self._batch(texts, [])
                texts, size = [], 0
        if texts or answer.reasons:
            yield self._batch(texts, answer.reasons)

    def _batch(
        self, texts: list[str], reasons: list[str], *, cursor: Json | None = None, progress: float | None = None
    ) -> RawBatch:
        dead = [(self.config.url, len(texts) + at, reason, "") for at, reason in enumerate(reasons, start=1)]
        return RawBatch(
            source=self.config.name,
            location=self.config.url,
            kind="spans",
            records=pl.DataFrame({"line": range(1, len(texts) + 1), "raw": texts}, schema=RAW_SCHEMA),
            dead=pl.DataFrame(dead, schema=DEAD_LETTER_SCHEMA, orient="row"),
            cursor=cursor,
            progress=progress,
        )


def halved(
    piece: Slice, *, step_ns: int, limit: int, ask: Callable[[int, int, int], Answer], who: str
) -> Iterator[Answer]:
    """Answers that together hold all of a slice; ask(start_ns, end_ns, limit) is put to ever shorter spans of time.

    In a span of step_ns more traces are asked for instead; what does not come even then is told as a reason.
    """
    spans = [(piece.start_ns, piece.end_ns, limit)]
    while spans:
        start_ns, end_ns, wanted = spans.pop()
        is_short = end_ns - start_ns <= step_ns
        try:
            answer = ask(start_ns, end_ns, wanted)
        except AnswerTooLarge as error:
            if is_short:
                yield Answer(reasons=[f"of a span of {step_ns / 1e9:g} s no traces came: {error}"])
                continue
            answer = Answer(is_full=True)
        if not answer.is_full:
            yield answer
        elif not is_short:
            middle_ns = (start_ns + end_ns) // 2
            spans += [(middle_ns, end_ns, limit), (start_ns, middle_ns, limit)]
        elif wanted == limit:
            spans.append((start_ns, end_ns, limit * _FLOOR_FACTOR))
        else:
            answer.reasons.append(f"{who} gave no more than {wanted} traces of a span of {step_ns / 1e9:g} s")
            yield answer


def requests_by_trace(resources: Iterable[Any]) -> dict[str, tuple[str, int]]:
    """One OTLP request and its number of spans for each trace of many; what has no trace id comes under ""."""
    traces: dict[str, dict[int, Json]] = {}
    counts: dict[str, int] = {}
    for at, resource in enumerate(resources):
        for scope in resource.get("scopeSpans") or resource.get("instrumentationLibrarySpans") or ():
            for span in scope.get("spans") or ():
                trace = str(span.get("traceId") or "")
                part = traces.setdefault(trace, {}).setdefault(
                    at, {"resource": resource.get("resource"), "scopeSpans": [{"spans": []}]}
                )
                part["scopeSpans"][0]["spans"].append(span)
                counts[trace] = counts.get(trace, 0) + 1
    return {
        trace: (orjson.dumps({"resourceSpans": list(parts.values())}).decode(), counts[trace])
        for trace, parts in traces.items()
    }
