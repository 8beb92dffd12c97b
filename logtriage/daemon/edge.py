"""The edge of a job: what goes wrong inside is one line of the log, and the daemon goes on."""

import contextlib
import logging
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from collector.stopping import Stop, Stopped, heed
from logtriage.errors import LogtriageError
from logtriage.escape import plain
from logtriage.jobs import Done, Job, JobRun, Observer

__all__ = ["edge", "failure_line", "run_job"]

LOG = logging.getLogger(__name__)


def run_job(
    job: Job, stop: Stop, observers: Sequence[Observer], *, clock_ns: Callable[[], int] = time.time_ns,
    running_ns: Callable[[], int] = time.monotonic_ns,
) -> tuple[JobRun, Done]:  # fmt: skip
    """One run of a job, told to each observer. Raises nothing but what ends the process.

    It ended as long after its begin as it ran, by a clock that stands still while the machine sleeps: a day in which
    the machine slept in the middle of a job is none in which logtriage saw.
    """
    began_ns, begun_ns = clock_ns(), running_ns()
    _tell(observers, lambda one: one.began(job.name, began_ns))
    done, ended_early = Done(), ""
    outcome: Literal["done", "failed", "stopped"] = "done"
    try:
        with heed(stop):
            done = job.run(stop)
    except Stopped:
        outcome, ended_early = "stopped", "ended early: asked to stop"
    except Exception as error:  # noqa: BLE001 - a job's edge: the daemon goes on whatever happens in a job
        done = Done(failed=(failure_line(job.name, error),))
    if done.failed:
        outcome = "failed"
    run = JobRun(
        job.name, began_ns, began_ns + running_ns() - begun_ns, outcome,
        "; ".join(done.failed) or done.line or ended_early,
        done.figures,
        done.line,
    )  # fmt: skip
    _tell(observers, lambda one: one.ended(run))
    return run, done


@contextlib.contextmanager
def edge(part: str, failed: list[str]) -> Iterator[None]:
    """The edge of a part of a job: its failure is logged and added to `failed`. The wish to stop passes."""
    try:
        yield
    except Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        failed.append(failure_line(part, error))


def failure_line(part: str, error: Exception) -> str:
    """Logs a failure, and gives its line. Of a fault of our own it has the place alone: its text may hold log text."""
    if isinstance(error, LogtriageError):
        line = f"{part} failed: {plain(error)}"
        LOG.log(logging.WARNING if error.is_retryable else logging.ERROR, "%s", line)
        return line
    place = traceback.extract_tb(error.__traceback__)[-1]
    line = f"{part} failed: internal {type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
    LOG.error("%s; the next run tries again", line)
    return line


def _tell(observers: Sequence[Observer], what: Callable[[Observer], None]) -> None:
    for one in observers:
        try:
            what(one)
        except Exception as error:  # noqa: BLE001 - who watches does not stop what is watched
            failure_line(f"telling {type(one).__name__}", error)
