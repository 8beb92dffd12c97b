"""The daemon: jobs in line, one worker, signals in the main thread.

APScheduler says which job is due (ticking.py) and the line keeps them; one thread runs one job after the other, so that
no two overlap. What follows a job comes next, before what was in line. A job that did a slice of its work goes to the
end of the line, so that the others get their turn. Settings are read anew between two jobs.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct, field

from collector.stopping import Stop
from logtriage.daemon.clock_jumps import ClockJumps
from logtriage.daemon.edge import run_job
from logtriage.daemon.line import Line
from logtriage.daemon.missed import due_at_start
from logtriage.daemon.schedule import ScheduleConfig
from logtriage.daemon.signals import NextSignal, hear_signals
from logtriage.errors import LogtriageError
from logtriage.jobs import Done, Job, JobName, Observer

__all__ = ["CUT_AFTER_S", "Around", "Daemon", "Plan"]

LOG = logging.getLogger(__name__)
CUT_AFTER_S = 7.0  # after the wish to stop; whoever sends SIGTERM waits for ten seconds before SIGKILL
_LOOK_S = 2.0  # between two looks at the clock and the file of settings
_STEP_S = 0.05
_Due = JobName | Literal["reload"]


class Plan(Struct, frozen=True):
    """What a daemon does, as one reading of its settings says. `last_ns`: when jobs began last, before its start."""

    jobs: Mapping[JobName, Job]
    schedule: ScheduleConfig
    observers: Sequence[Observer] = ()
    last_ns: Mapping[str, int] = field(default_factory=dict)


class Around(Struct, frozen=True):
    """What belongs to a daemon beside its jobs.

    `reload` gives the plan of settings that were read anew, None where the old ones stay; it runs between two jobs, on
    SIGHUP and where `has_changed` tells so. `close` ends what runs beside the jobs; it begins with the wish to stop.
    """

    reload: Callable[[], Plan | None] = lambda: None
    has_changed: Callable[[], bool] = lambda: False
    close: Callable[[], None] = lambda: None


class Daemon:
    """Runs a plan until SIGTERM or SIGINT."""

    def __init__(
        self, plan: Plan, around: Around | None = None, *, cut_after_s: float = CUT_AFTER_S, look_s: float = _LOOK_S
    ) -> None:
        from logtriage.daemon.ticking import Ticker  # noqa: PLC0415 - only the daemon pays for APScheduler

        self._plan = plan
        self._stop = Stop()
        self._around = around or Around()
        self._cut_after_s = cut_after_s
        self._look_s = look_s
        self._line: Line[_Due] = Line()
        self._ticker = Ticker(plan.schedule, self._line.put)
        self._running: _Due | None = None

    def run(self, next_signal: NextSignal | None = None) -> None:
        """Until a signal ends it. What has not ended `cut_after_s` later is cut off, as is all by a second signal.

        `next_signal`: of hear_signals, for whoever hears them before the daemon runs.
        """
        if next_signal is None:
            with hear_signals(signal.SIGHUP) as heard:
                self.run(heard)
            return
        worker = threading.Thread(target=self._work, name="daemon-jobs")
        self._line.put(*due_at_start(self._plan.schedule, self._plan.last_ns, now_ns=time.time_ns()))
        worker.start()
        self._ticker.start()
        is_asked = self._attend(next_signal, worker)
        self._end(next_signal, worker)
        LOG.info("stopped")
        if not is_asked:
            raise LogtriageError(
                "The thread that runs jobs ended by itself. Start the daemon anew; report this as a bug."
            )

    def _attend(self, next_signal: NextSignal, worker: threading.Thread) -> bool:
        """The main thread until a signal says stop; whether one did."""
        clock = ClockJumps()
        while worker.is_alive():
            number = next_signal(self._look_s)
            if number not in {None, signal.SIGHUP}:
                return True
            if number is not None or self._around.has_changed():
                self._line.put_first(["reload"])
            jump_s = clock.look()
            if jump_s < 0:
                LOG.warning("the clock was set back by %.0f s; jobs that wait for a time count anew", -jump_s)
                self._ticker.set_back()
            elif jump_s > 0:
                LOG.info("the clock jumped %.0f s ahead; what became due meanwhile runs once", jump_s)
                self._ticker.wake()
        return False

    def _end(self, next_signal: NextSignal, worker: threading.Thread) -> None:
        self._line.close()  # before the wish, so that nothing begins that follows what it ends
        running = self._running
        self._stop.set()
        LOG.info("stopping%s", f": {running} ends first" if running else "")
        self._ticker.close()
        closing = threading.Thread(target=self._around.close, name="daemon-close")
        closing.start()
        until = time.monotonic() + self._cut_after_s
        while worker.is_alive() or closing.is_alive():
            again = next_signal(_STEP_S)
            if again not in {None, signal.SIGHUP}:
                self._cut_off("a second signal came")
            if time.monotonic() > until:
                self._cut_off(f"it did not end within {self._cut_after_s:g} s")

    def _cut_off(self, why: str) -> None:
        """Ends the process as it is: DuckDB rolls back what was not committed, and locks end with their process."""
        what = self._running or "the receiver"
        LOG.warning("%s was cut off, because %s; what it had not stored is done again by the next start", what, why)
        logging.shutdown()
        os._exit(0)

    def _work(self) -> None:
        """The one thread that runs jobs."""
        while (name := self._line.take()) is not None:
            self._running = name
            if name == "reload":
                self._change()
            else:
                _, done = run_job(self._plan.jobs[name], self._stop, self._plan.observers)
                self._follow(name, done)
            self._running = None

    def _follow(self, name: JobName, done: Done) -> None:
        schedule = self._plan.schedule
        after = schedule.followers("classify") if name != "classify" and done.is_look else ()
        self._line.put_first((*schedule.followers(name), *after))
        if done.has_more:
            self._line.put(name)

    def _change(self) -> None:
        plan = self._around.reload()
        if plan is not None:
            self._plan = plan
            self._ticker.change(plan.schedule)
