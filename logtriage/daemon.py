"""The loop: collect -> analyse -> digest on a schedule, until it is told to stop.

One cycle at a time; a slow one delays the next and is not repeated for the slots it missed. SIGTERM and SIGINT let the
running cycle finish. What failed is logged in one line and tried again in the next cycle.
"""

import contextlib
import logging
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from classifiers.findings import Findings
from collector.records import Ledger
from collector.window import NS_PER_S, Window
from logtriage.digest import DigestConfig, build_digest, unsent
from logtriage.errors import LogtriageError
from logtriage.escape import plain
from logtriage.notifiers.base import Notifier
from logtriage.wording import plural

__all__ = ["Cycle", "ScheduleConfig", "log_to_stderr", "run_on_schedule", "stop_signals"]

LOG = logging.getLogger(__name__)
_HOUR_NS = 3600 * NS_PER_S
_STOPS = frozenset({signal.SIGTERM, signal.SIGINT})


class ScheduleConfig(BaseModel):
    """Section `schedule` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every_minutes: float = Field(default=60.0, ge=0.01, le=7 * 24 * 60)  # from the start of a cycle to the next


@dataclass(slots=True)
class Cycle:
    """One round of the whole line. Each job has its own edge: what fails there does not stop the others.

    `collect` pulls all sources and gives the sums and what failed; `analyse` gives the findings of a window up to now;
    `remember` stores what they claim, settles what was claimed before, and says so in one line.
    Digests that were delivered are remembered, so that an unchanged incident is told once.
    """

    collect: Callable[[], tuple[Ledger, tuple[str, ...]]]
    analyse: Callable[[Window, int], Findings]
    remember: Callable[[Findings], str]
    notifiers: Mapping[str, Notifier]
    digest: DigestConfig
    clock_ns: Callable[[], int] = time.time_ns
    _sent: dict[str, frozenset[str]] = field(default_factory=dict)
    _is_clean: bool = True

    def run(self) -> bool:
        """Whether every job of this round was done."""
        self._is_clean = True
        with self._edge("collect"):
            self._collect()
        findings: Findings | None = None
        with self._edge("analyse"):
            findings = self._analyse()
        if findings is not None:
            with self._edge("forecasts"):
                LOG.info("forecasts: %s", self.remember(findings))
            for name, notifier in self.notifiers.items():
                with self._edge(f"digest to {name}"):
                    self._deliver(name, notifier, findings)
        return self._is_clean

    @contextlib.contextmanager
    def _edge(self, job: str) -> Iterator[None]:
        try:
            yield
        except LogtriageError as error:
            self._is_clean = False
            LOG.log(logging.WARNING if error.is_retryable else logging.ERROR, "%s failed: %s", job, plain(error))
        except Exception as error:  # noqa: BLE001 - a job's edge: the daemon goes on whatever happens in a job
            self._is_clean = False
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            told = f"{job} failed: internal {type(error).__name__} at {where}"
            LOG.log(logging.ERROR, "%s; the next cycle tries again", told)  # one line: a message may hold log text

    def _collect(self) -> None:
        ledger, failed = self.collect()
        LOG.info(
            "collected: %d read = %d stored + %d duplicates + %d dead",
            ledger.read, ledger.stored, ledger.duplicates, ledger.dead,
        )  # fmt: skip
        for outcome in failed:
            self._is_clean = False
            LOG.error("collect failed: %s", plain(outcome))

    def _analyse(self) -> Findings:
        now_ns = self.clock_ns()
        findings = self.analyse(Window(now_ns - round(self.digest.window_hours * _HOUR_NS), now_ns), now_ns)
        incidents = findings.incidents
        going_on = sum(incident.is_ongoing for incident in incidents)
        LOG.info(
            "analysed: %s in the window, %d going on; %s missing, %s slower",
            plural(len(incidents), "incident"), going_on,
            plural(sum(one.is_ongoing for one in findings.absent_events), "event"),
            plural(sum(one.is_ongoing for one in findings.latency), "operation"),
        )  # fmt: skip
        return findings

    def _deliver(self, name: str, notifier: Notifier, findings: Findings) -> None:
        """Sends what is new; what was sent before a failure stays remembered."""
        digest = build_digest(findings, self.digest)
        before = self._sent.get(name, frozenset())
        delivered = before & {message.key for message in digest.messages}
        fresh = unsent(digest, before).messages
        for message in fresh:
            notifier.deliver(message)
            delivered |= {message.key}
            self._sent[name] = delivered
        self._sent[name] = delivered
        LOG.info("digest to %s: %s", name, plural(len(fresh), "message"))


def run_on_schedule(job: Callable[[], object], *, every_minutes: float) -> None:
    """Runs the job now and then every so many minutes, one at a time, until SIGTERM or SIGINT; then returns."""
    from apscheduler.executors.pool import ThreadPoolExecutor  # noqa: PLC0415 - only the daemon pays for the import
    from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415 - as above
    from apscheduler.triggers.interval import IntervalTrigger  # noqa: PLC0415 - as above

    with stop_signals() as wait_for_one:
        scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
        scheduler.add_job(
            job,
            IntervalTrigger(seconds=every_minutes * 60, timezone=UTC),
            next_run_time=datetime.now(UTC),
            misfire_grace_time=None,  # after a pause of the machine: one catch-up run
            coalesce=True,
            max_instances=1,
        )
        scheduler.start()
        wait_for_one()
        LOG.info("stopping: the running cycle ends first")
        scheduler.shutdown(wait=True)
    LOG.info("stopped")


@contextlib.contextmanager
def stop_signals() -> Iterator[Callable[..., bool]]:
    """Keeps SIGTERM and SIGINT from ending the process; gives a call that waits for the first of them.

    The call takes the seconds it waits at most, and tells whether one came. The handlers do nothing. A handler runs in
    the middle of whatever the main thread does, and may wait for a lock that this very thread holds; so the interpreter
    itself writes each signal into a pipe, and one that comes before anybody waits lies there until somebody does.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    pipe_before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    before = {number: signal.signal(number, lambda *_: None) for number in _STOPS}

    def wait_for_one(within_s: float | None = None) -> bool:
        until = None if within_s is None else time.monotonic() + within_s
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([heard], [], [], left)[0]:
                return False
            if os.read(heard, 1)[0] in _STOPS:
                return True

    try:
        yield wait_for_one
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(pipe_before)
        os.close(heard)
        os.close(told)


def log_to_stderr() -> None:
    """One line an event on stderr, of our own rooms and warnings of the scheduler; no library's lines.

    HTTP libraries log addresses, and a webhook's address is a secret.
    """
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    for room, lowest in (
        ("logtriage", "INFO"),
        ("collector", "INFO"),
        ("classifiers", "INFO"),
        ("apscheduler", "ERROR"),
    ):
        logger = logging.getLogger(room)
        logger.setLevel(lowest)
        logger.propagate = False
        logger.handlers = [handler]
