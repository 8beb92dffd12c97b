"""Whether the daemon does its work: pure, but for its two clocks.

Ages are of the clock that stands still while the machine sleeps, so that nothing is late because a lid was closed.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from collector.window import NS_PER_S, format_ns
from logtriage.jobs import JobRun

__all__ = ["GRACE_S", "Health"]

_SLOTS = 3  # of a schedule that may pass without a success
GRACE_S = 300.0  # ... and as much again for the work itself
_HUNG_S = 3600.0  # a run that takes longer than this, and than all those slots, stands still


class _Watched(Struct):
    every_s: float
    since_s: float  # monotonic: the last success, else the begin of it all
    success_at_ns: int | None = None
    outcome: str = ""
    detail: str = ""

    @property
    def most_s(self) -> float:
        return _SLOTS * self.every_s + GRACE_S


class Health:
    """Is told of runs, and answers. `every_s`: the jobs that must succeed, and how far apart their runs are at most.

    `succeeded_ns`: when jobs last succeeded, before this; those that are overdue have GRACE_S to succeed now. Safe for
    threads.
    """

    def __init__(
        self,
        every_s: Mapping[str, float],
        *,
        succeeded_ns: Mapping[str, int] | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._jobs = {job: _Watched(seconds, monotonic_s()) for job, seconds in every_s.items()}
        for job, at_ns in (succeeded_ns or {}).items():
            watched = self._jobs.get(job)
            if watched is not None:
                watched.since_s -= max((wall_ns() - at_ns) / NS_PER_S, 0.0)
                watched.success_at_ns = at_ns
        self._begun_s = monotonic_s()
        self._running: tuple[str, float, int] | None = None
        self._moved_s = monotonic_s()  # when something was last told

    def began(self, job: str, at_ns: int) -> None:
        """A run begins."""
        with self._lock:
            self._moved_s = self._monotonic_s()
            self._running = (job, self._moved_s, at_ns)

    def ended(self, run: JobRun) -> None:
        """It ended."""
        with self._lock:
            self._running, self._moved_s = None, self._monotonic_s()
            watched = self._jobs.get(run.job)
            if watched is None:
                return
            watched.outcome, watched.detail = run.outcome, run.detail
            if run.outcome == "done":
                watched.since_s, watched.success_at_ns, watched.detail = self._monotonic_s(), run.ended_at_ns, ""

    def alive(self) -> tuple[bool, dict[str, Any]]:
        """Whether the worker works, however much of it fails: no run stands still, and runs begin."""
        with self._lock:
            now_s = self._monotonic_s()
            stuck = self._stuck(now_s)
            return not stuck, {"status": "ok"} if not stuck else {"status": "failing", "why": stuck}

    def healthy(self) -> tuple[bool, dict[str, Any]]:
        """Whether it is alive and each job succeeded lately; with what each of them did last."""
        with self._lock:
            now_s = self._monotonic_s()
            why = [stuck] if (stuck := self._stuck(now_s)) else []
            why += [
                f"{job} did not succeed for {_span(now_s - one.since_s)}"
                for job, one in self._jobs.items()
                if now_s - one.since_s > one.most_s and now_s - self._begun_s > GRACE_S
            ]
            told: dict[str, Any] = {"status": "failing" if why else "ok", "why": why, "jobs": {}}
            for job, one in self._jobs.items():
                success = None if one.success_at_ns is None else format_ns(one.success_at_ns)
                told["jobs"][job] = {
                    "last_success": success, "age_s": round(now_s - one.since_s), "limit_s": round(one.most_s),
                    "last_outcome": one.outcome, "detail": one.detail,
                }  # fmt: skip
            if self._running is not None:
                told["running"] = {"job": self._running[0], "since": format_ns(self._running[2])}
            return not why, told

    def _stuck(self, now_s: float) -> str:
        """Why the worker does not work; "" while it does."""
        most_s = max((one.most_s for one in self._jobs.values()), default=_HUNG_S)
        if self._running is not None:
            job, since_s, _ = self._running
            is_long = now_s - since_s > max(_HUNG_S, most_s)
            return f"{job} has been running for {_span(now_s - since_s)}" if is_long else ""
        is_still = bool(self._jobs) and now_s - self._moved_s > most_s
        return f"no job has begun for {_span(now_s - self._moved_s)}" if is_still else ""


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 7200 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - from two hours
