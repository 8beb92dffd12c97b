"""The read quota of an API, kept by everybody in this process who reads the same project.

Cloud Logging allows 60 reads a minute and project, and says no more than "429" to the sixty-first
(https://cloud.google.com/logging/quotas). Slots are given out over a sliding minute: in no 60 s, wherever they
begin, are there more calls than the limit.
"""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from collector.stopping import pause

__all__ = ["Quotas", "ReadQuota"]

MINUTE_S = 60.0


class ReadQuota:
    """At most `calls_per_min` calls in any 60 s; callers of several threads wait in the order they came."""

    def __init__(
        self,
        calls_per_min: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = pause,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._limit = calls_per_min
        self._slots: deque[float] = deque()  # instants given out within the last minute and ahead, rising
        self._held_until = 0.0

    @property
    def calls_per_min(self) -> int:
        """The limit in force."""
        return self._limit

    def lower_to(self, calls_per_min: int) -> None:
        """Two sources that disagree about a project's limit both keep the lower one."""
        with self._lock:
            self._limit = min(self._limit, calls_per_min)

    def acquire(self) -> float:
        """Waits for a slot and takes it; gives the seconds waited."""
        with self._lock:
            asked = self._clock()
            slot = self._next_slot(asked)
            self._slots.append(slot)
        waited = slot - asked
        if waited > 0:
            self._sleep(waited)
        return max(0.0, waited)

    def hold(self, seconds: float) -> None:
        """Nobody gets a slot for that long: the server has said that the quota is used up."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)

    def used(self) -> int:
        """Calls of the last minute, those included that still wait for their slot."""
        with self._lock:
            self._forget(self._clock())
            return len(self._slots)

    def _next_slot(self, now: float) -> float:
        """The first instant at which one more call keeps the limit; the lock is held."""
        self._forget(now)
        slot = max(now, self._held_until)
        if self._slots:
            slot = max(slot, self._slots[-1])
        if len(self._slots) >= self._limit:
            slot = max(slot, self._slots[-self._limit] + MINUTE_S)
        return slot

    def _forget(self, now: float) -> None:
        """Drops slots that no minute from now on can contain."""
        while self._slots and self._slots[0] <= now - MINUTE_S:
            self._slots.popleft()


class Quotas:
    """One ReadQuota for each owner of a quota (`projects/p`, `folders/1`), made when first asked for."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = pause,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._quotas: dict[str, ReadQuota] = {}

    def of(self, owner: str, *, calls_per_min: int) -> ReadQuota:
        """The quota of that owner; of several limits named for it the lowest counts."""
        with self._lock:
            quota = self._quotas.get(owner)
            if quota is None:
                quota = self._quotas[owner] = ReadQuota(calls_per_min, clock=self._clock, sleep=self._sleep)
        quota.lower_to(calls_per_min)
        return quota

    def known(self) -> dict[str, ReadQuota]:
        """Every quota that was asked for, by its owner."""
        with self._lock:
            return dict(self._quotas)
