"""Which job is due when: APScheduler over the schedule. It runs nothing itself; whoever is told puts jobs in line."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from logtriage.daemon.cron import Cron
from logtriage.daemon.schedule import Every, ScheduleConfig, When
from logtriage.jobs import JOBS, JobName

__all__ = ["Ticker"]

# Of a start: what pulls goes first, and what looks between has nothing to look at yet.
_LATER: frozenset[JobName] = frozenset({"verify", "retention"})


class Ticker:
    """Tells `due` of each job at its time, from `start` to `close`, in a thread of its own.

    Slots that a pause of the machine swallowed are told once.
    """

    def __init__(self, schedule: ScheduleConfig, due: Callable[[JobName], None]) -> None:
        self._schedule = schedule
        self._due = due
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": DebugExecutor()})

    def start(self) -> None:
        """Jobs with a duration are due at once, but those that look between."""
        for job in JOBS:
            when = self._schedule.when(job)
            self._add(job, when, is_now=isinstance(when, Every) and job not in _LATER)
        self._scheduler.start()

    def change(self, schedule: ScheduleConfig) -> None:
        """Another schedule: what it changes counts from now, the rest goes on as it was."""
        before, self._schedule = self._schedule, schedule
        for job in JOBS:
            if schedule.when(job) != before.when(job) or schedule.zone != before.zone:
                self._add(job, schedule.when(job), is_now=False)

    def set_back(self) -> None:
        """The clock was set back: what was due at a time that is far away now counts from now; a pull is due at once.

        A cursor that the wrong clock left ahead of now is known as such only until now has caught up with it.
        """
        for job in JOBS:
            self._add(job, self._schedule.when(job), is_now=False)
        if isinstance(self._schedule.when("collect"), Every | Cron):
            self._due("collect")

    def wake(self) -> None:
        """The clock jumped forward, as after a pause of the machine: what became due is due now."""
        self._scheduler.wakeup()

    def close(self) -> None:
        """Tells nothing any more."""
        self._scheduler.shutdown(wait=False)

    def _add(self, job: JobName, when: When, *, is_now: bool) -> None:
        if self._scheduler.get_job(job) is not None:
            self._scheduler.remove_job(job)
        if not isinstance(when, Every | Cron):
            return
        now = datetime.now(UTC)
        if isinstance(when, Every):
            trigger: BaseTrigger = IntervalTrigger(seconds=when.seconds, timezone=UTC)
            first = now if is_now else now + timedelta(seconds=when.seconds)
        else:
            trigger = _CronTrigger(when, self._schedule.zone)
            first = trigger.get_next_fire_time(None, now)
        self._scheduler.add_job(
            self._due, trigger, args=[job], id=job, next_run_time=first,
            misfire_grace_time=None, coalesce=True, max_instances=1,
        )  # fmt: skip


class _CronTrigger(BaseTrigger):  # type: ignore[misc]  # apscheduler ships no types
    """A cron line as APScheduler asks for it; its own takes neither both days nor days as cron(8) counts them."""

    def __init__(self, cron: Cron, zone: ZoneInfo) -> None:
        self._cron = cron
        self._zone = zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The next instant after the last one, else after now."""
        return self._cron.next_after(previous_fire_time or now, self._zone)
