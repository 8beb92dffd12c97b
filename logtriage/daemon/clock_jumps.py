"""Whether the clock on the wall was set, or stood still with the machine: seen against the clock that only runs."""

import time
from collections.abc import Callable

__all__ = ["ClockJumps"]

_LEAST_S = 5.0  # below that a clock is merely slewed


class ClockJumps:
    """Compares both clocks from look to look."""

    def __init__(
        self, wall_s: Callable[[], float] = time.time, running_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall_s, self._running_s = wall_s, running_s
        self._last = (wall_s(), running_s())

    def look(self) -> float:
        """Seconds that the wall clock jumped since the last look, negative backwards; 0 where it did not."""
        now = (self._wall_s(), self._running_s())
        jump = (now[0] - self._last[0]) - (now[1] - self._last[1])
        self._last = now
        return jump if abs(jump) >= _LEAST_S else 0.0
