"""Settings for sources in tests: a clock that moves only when somebody waits, and no chance."""

import threading

from collector.sources.base import Settings
from collector.sources.quota import Quotas

__all__ = ["SteppedClock", "make_settings"]

START_NS = 1_767_600_000_000_000_000  # 2026-01-05T08:00:00Z


class SteppedClock:
    """`sleep` moves it on at once and is written down in `slept`."""

    def __init__(self, start_ns: int = START_NS) -> None:
        self.ns = start_ns
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        return self.ns

    def monotonic_s(self) -> float:
        return (self.ns - START_NS) / 1e9

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.ns += round(seconds * 1e9)


def make_settings(clock: SteppedClock, *, chance: float = 0.5) -> Settings:
    """Everything that a source is passed, run by that clock."""
    return Settings(
        now_ns=clock.now_ns,
        monotonic_s=clock.monotonic_s,
        sleep=clock.sleep,
        chance=lambda: chance,
        quotas=Quotas(clock=clock.monotonic_s, sleep=clock.sleep),
    )
