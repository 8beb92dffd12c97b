"""Telemetry that follows the settings: opened anew where they are read anew, one at a time."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from logtriage.config import Config
from logtriage.daemon.cron import Cron
from logtriage.daemon.schedule import After, Every, Never, ScheduleConfig
from logtriage.errors import LogtriageError
from logtriage.jobs import JobName, JobRun
from logtriage.telemetry.observer import Telemetry, open_telemetry

if TYPE_CHECKING:
    from collector.receiver.intake import Counts

__all__ = ["HeldTelemetry", "every_s", "once_told"]

_LOOKED_FOR: tuple[JobName, ...] = ("collect", "classify")  # by /healthz
_SLOTS = 12  # of a cron line that are looked at for the longest pause


class HeldTelemetry:
    """An observer that passes on to what the last settings opened; to nobody where they open nothing.

    `succeeded_ns`: when jobs last succeeded, before there was one. It is known to all that other settings open.
    """

    def __init__(
        self, receiver: "Callable[[], Counts | None]" = lambda: None, succeeded_ns: Mapping[str, int] | None = None
    ) -> None:
        self._receiver = receiver
        self._succeeded_ns = dict(succeeded_ns or {})
        self._open: Telemetry | None = None
        self._config: Config | None = None

    def use(self, config: Config) -> None:
        """As section `telemetry` says; where no setting changed nothing is touched.

        ConfigError where that cannot be; then it goes on as before, if that is possible.
        """
        before = self._config
        if before == config:
            return
        self.close()
        try:
            self._open = self._opened(config)
        except LogtriageError:
            if before is not None:
                with contextlib.suppress(LogtriageError):
                    self._open = self._opened(before)
                    self._config = before
            raise
        self._config = config

    def began(self, job: JobName, at_ns: int) -> None:
        """A run begins."""
        if self._open is not None:
            self._open.began(job, at_ns)

    def ended(self, run: JobRun) -> None:
        """It ended."""
        if run.outcome == "done":
            self._succeeded_ns[run.job] = run.ended_at_ns
        if self._open is not None:
            self._open.ended(run)

    def _opened(self, config: Config) -> Telemetry | None:
        return open_telemetry(config, every_s=every_s(config), receiver=self._receiver, succeeded_ns=self._succeeded_ns)

    def close(self) -> None:
        """Stores and sends what waits."""
        held, self._open, self._config = self._open, None, None
        if held is not None:
            held.close()


@contextlib.contextmanager
def once_told(config: Config) -> Iterator[HeldTelemetry]:
    """Telemetry of one round: nobody can ask for its health, which ends with it."""
    held = HeldTelemetry()
    held.use(config.model_copy(update={"telemetry": config.telemetry.model_copy(update={"health": None})}))
    try:
        yield held
    finally:
        held.close()


def every_s(config: Config) -> dict[str, float]:
    """The jobs whose success is looked for, and the longest pause between two of their runs."""
    found = {job: _pause_s(config.schedule, job) for job in _LOOKED_FOR if job != "collect" or config.sources}
    return {job: pause_s for job, pause_s in found.items() if pause_s is not None}


def _pause_s(schedule: ScheduleConfig, job: JobName) -> float | None:
    """None of a job that never runs."""
    when = schedule.when(job)
    while isinstance(when, After):
        when = schedule.when(when.job)
    if isinstance(when, Every):
        return when.seconds
    return None if isinstance(when, Never) else _longest_s(when, schedule)


def _longest_s(cron: Cron, schedule: ScheduleConfig) -> float | None:
    """The longest pause between the next slots of a cron line."""
    slots = [datetime.now(UTC)]
    while len(slots) < _SLOTS and (due := cron.next_after(slots[-1], schedule.zone)) is not None:
        slots.append(due)
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(slots[1:])]
    return max(pauses, default=None)
