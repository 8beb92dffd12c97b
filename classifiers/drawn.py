"""What is only drawn: requests as they went before and since, and the revisions of a service over time. No I/O."""

from typing import Literal

from msgspec import Struct

__all__ = ["Lane", "LaneMark", "LaneRevision", "Lanes", "Sequence", "SequenceSide", "SequenceStep", "StepCount"]


class StepCount(Struct, frozen=True):
    """A step on one side: so many of its traces have it, and in so many of them it failed.

    `p50_ns` is the median of what it took. `text`: what its failures told most often, in one line; it may be empty.
    """

    traces: int
    failed: int = 0
    p50_ns: int | None = None
    text: str = ""

    @property
    def fails(self) -> float:
        """Share of its traces in which it failed."""
        return self.failed / self.traces if self.traces else 0.0


class SequenceStep(Struct, frozen=True):
    """A call of one participant to another or to itself, or a line that it wrote; by place in `participants`.

    course: what became of it since, by its share of the traces of both sides; `p_value` is that of the two shares being
    one (Fisher's exact test), so that from .05 on the difference may be chance. `skipped` steps lie between this one
    and the one before it.
    """

    caller: int
    callee: int
    operation: str
    kind: Literal["call", "line"]
    course: Literal["kept", "lost", "new", "fewer", "more"]
    before: StepCount
    after: StepCount
    p_value: float = 1.0
    skipped: int = 0
    trace_ids: tuple[str, ...] = ()  # that have it, those since first: a sample, at most 3


class SequenceSide(Struct, frozen=True):
    """The traces of one side: those that were compared, and the most typical of them.

    which: of the requests of `revision`; without one they are those of its time.
    """

    revision: str
    which: Literal["all", "not failed", "failed", "slow", "with the event", "without the event"]
    traces: int
    trace: str


class Sequence(Struct, frozen=True):
    """One operation of a service as it went on the last good revision and as it goes since, step by step.

    The first participant is whoever called; `skipped` steps in all are left out, the last ones of them behind the last
    step. `gaps` are participants that are left out.
    """

    service: str
    operation: str
    basis: Literal["spans", "lines"]
    before: SequenceSide
    after: SequenceSide
    participants: tuple[str, ...]
    steps: tuple[SequenceStep, ...]
    skipped: int = 0
    gaps: int = 0


class LaneMark(Struct, frozen=True):
    """Something that happened to a service: at_ns is known."""

    at_ns: int
    kind: Literal["deployed", "failed deploy", "rolled back", "traffic"]
    revision: str


class LaneRevision(Struct, frozen=True):
    """What one revision was asked in each column; `verdict` is what the incident says of it."""

    revision: str
    asked: tuple[int, ...]
    verdict: Literal["good", "blamed", "may be it", ""] = ""


class Lane(Struct, frozen=True):
    """One service over the time drawn: its revisions in the order of deploying; `unit` is what they were asked."""

    service: str
    unit: Literal["requests", "traces", "minutes"]
    revisions: tuple[LaneRevision, ...]
    marks: tuple[LaneMark, ...]
    left_out: int = 0  # revisions that are not told, for want of room


class Lanes(Struct, frozen=True):
    """The revisions of the services of an incident over time, in columns of equal length."""

    start_ns: int
    column_ns: int
    columns: int
    onset_ns: int | None
    earliest_ns: int | None
    latest_ns: int | None
    ended_ns: int | None
    lanes: tuple[Lane, ...]
