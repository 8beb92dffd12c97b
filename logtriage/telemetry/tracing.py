"""Spans of job runs and of their parts, on a tracer of OpenTelemetry: one trace a run."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import Token
from typing import TYPE_CHECKING, Any

from collector.stopping import Stopped
from logtriage import parts
from logtriage.errors import LogtriageError
from logtriage.escape import plain
from logtriage.jobs import JobRun

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

__all__ = ["PartDone", "Tracing"]

_DETAIL_CHARS = 500
# What is told of a part that has ended: its name, of what it was, seconds, figures, and `done`, `failed` or `stopped`.
PartDone = Callable[[parts.PartName, Mapping[str, str], float, Mapping[str, float], str], None]


class Tracing:
    """Begins and ends the span of the run that goes on in this thread; one at a time, as jobs are."""

    def __init__(self, tracer: "Tracer", *, done: PartDone) -> None:
        self._tracer = tracer
        self._done = done
        self._running: tuple[Span, Token[Context], Token[parts.Begin | None]] | None = None

    def began(self, job: str, at_ns: int) -> None:
        """A run begins: what this thread does from now on is of its trace."""
        from opentelemetry import context, trace  # noqa: PLC0415 - telemetry is on, else nothing is loaded

        self._drop()
        span = self._tracer.start_span(
            job,
            context=context.Context(),
            kind=trace.SpanKind.CONSUMER,  # a run takes what the schedule gives it, and is what can fail or not
            start_time=at_ns,
            attributes={"logtriage.job": job},
        )
        self._running = (
            span, context.attach(trace.set_span_in_context(span, context.Context())), parts.listen(self._part),
        )  # fmt: skip

    def ended(self, run: JobRun) -> None:
        """It ended."""
        from opentelemetry import context  # noqa: PLC0415 - as above

        if self._running is None:
            return
        span, before, heard = self._running
        self._running = None
        parts.silence(heard)
        context.detach(before)
        span.set_attributes({"logtriage.outcome": run.outcome, **_numbers(run.figures)})
        if run.outcome == "failed":
            _fail(span, "job_failed", run.detail)
        span.end(end_time=run.ended_at_ns)

    def _drop(self) -> None:
        """Forgets a run of which nobody said that it ended."""
        from opentelemetry import context  # noqa: PLC0415 - as above

        if self._running is not None:
            span, before, heard = self._running
            self._running = None
            parts.silence(heard)
            context.detach(before)
            span.end()

    @contextlib.contextmanager
    def _part(self, name: parts.PartName, of: Mapping[str, str]) -> "Iterator[_Told]":
        told, outcome, begun = _Told(), "failed", time.monotonic()
        attributes = {f"logtriage.{key}": value for key, value in of.items()}
        with self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield told
                outcome = "done"
            except Stopped:
                outcome = "stopped"
                raise
            except LogtriageError as error:
                _fail(span, type(error).__name__, str(error))
                raise
            except Exception as error:
                _fail(span, type(error).__name__, "")  # its message may hold text of a log
                raise
            finally:
                span.set_attributes(_numbers(told.figures))
                self._done(name, of, time.monotonic() - begun, told.figures, outcome)


class _Told:
    """Figures of a part while it runs."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}

    def tell(self, **figures: float) -> None:
        """Numbers by name; the last of a name counts."""
        self.figures |= figures


def _numbers(figures: Mapping[str, float]) -> dict[str, Any]:
    return {f"logtriage.{name}": number for name, number in figures.items()}


def _fail(span: "Span", kind: str, detail: str) -> None:
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - as above

    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, plain(detail, _DETAIL_CHARS)))
