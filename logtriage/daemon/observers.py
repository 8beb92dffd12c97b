"""Who is told of each run of a job: the log, the table job_runs, and whoever is added here."""

import logging

from msgspec import Struct

from collector.store import Store
from collector.window import NS_PER_S
from logtriage.config import Config
from logtriage.daemon.inside import Inside
from logtriage.escape import plain
from logtriage.jobs import JobName, JobRun, Observer

__all__ = ["LogObserver", "StoreObserver", "observers_of"]

LOG = logging.getLogger(__name__)
_LONGEST = 1000  # characters of what is stored of one run


def observers_of(config: Config, inside: Inside) -> tuple[Observer, ...]:
    """The observers of a daemon, made anew when its configuration is read anew. `inside`: what they can ask it."""
    more = () if inside.telemetry is None else (inside.telemetry,)  # last, so that lines of the others are of its trace
    return (LogObserver(), StoreObserver(Store(config.store)), *more)


class LogObserver:
    """One line a run that has something to say; what failed was logged where it did."""

    def began(self, job: JobName, at_ns: int) -> None:
        """A run begins."""
        LOG.debug("%s began at %d", job, at_ns)

    def ended(self, run: JobRun) -> None:
        """It ended."""
        took_s = (run.ended_at_ns - run.started_at_ns) / NS_PER_S
        if run.line:
            LOG.info("%s (%s, %.1f s)", plain(run.line), run.job, took_s)
        elif run.outcome == "stopped":
            LOG.info("%s ended early: asked to stop", run.job)


class StoreObserver(Struct, frozen=True):
    """A row of job_runs for each run."""

    store: Store

    def began(self, job: JobName, at_ns: int) -> None:
        """Nothing: of a run that was cut off there is no row."""

    def ended(self, run: JobRun) -> None:
        """The row; StoreError when it cannot be written."""
        with self.store.write() as writer:
            writer.execute(
                "insert_job_run",
                job=run.job, started_at_ns=run.started_at_ns, ended_at_ns=run.ended_at_ns, outcome=run.outcome,
                detail=plain(run.detail, _LONGEST),
            )  # fmt: skip
