"""Jobs of the daemon: what one is, what became of a run, and who is told. No I/O.

The daemon (logtriage/daemon) runs jobs one at a time; telemetry, the table job_runs and the log observe them.
"""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from msgspec import Struct, field

from collector.stopping import Stop

__all__ = ["JOBS", "Done", "Job", "JobName", "JobRun", "Observer"]

JobName = Literal["collect", "classify", "verify", "digest", "report", "retention", "watch"]
# collect pulls the sources and signs; classify hears what people said, looks and stores what it sees; verify does both
# between, while something waits for proof; digest delivers; report writes files; retention prunes; watch looks at what
# blinds us.
JOBS: tuple[JobName, ...] = ("collect", "classify", "verify", "digest", "report", "retention", "watch")


class Done(Struct, frozen=True):
    """What a job did. `failed`: lines of what did not work, which stopped nothing else; `line`: one for the log.

    `figures`: numbers by name (`read`, `stored`, `duplicates`, `dead`, ...), for the metrics.
    """

    line: str = ""
    failed: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    has_more: bool = False  # it did a bounded slice of what is due, and wants to go on at once
    is_look: bool = False  # it stored a look, as classify does: what follows classify follows


class Job(Struct, frozen=True):
    """One job. `run` ends early when the stop is set; it may raise: the daemon's edge tells it and goes on."""

    name: JobName
    run: Callable[[Stop], Done]


class JobRun(Struct, frozen=True):
    """One run that ended. outcome: done; failed (it raised, or `failed` has lines); stopped (the daemon ends)."""

    job: JobName
    started_at_ns: int
    ended_at_ns: int
    outcome: Literal["done", "failed", "stopped"]
    detail: str  # the line, or what failed: no secret, no text of a log
    figures: Mapping[str, float] = field(default_factory=dict)
    line: str = ""  # what it did, for the log; also of a run of which a part failed


class Observer(Protocol):
    """Is told of every run, in the thread that ran it; an error of its own is logged and stops nothing."""

    def began(self, job: JobName, at_ns: int) -> None:
        """A run begins."""

    def ended(self, run: JobRun) -> None:
        """It ended."""
