"""How long a pull still takes: what it took so far says it, and the quota of reads, which it meets later. No I/O."""

import time
from collections.abc import Callable

from msgspec import Struct

__all__ = ["TimeLeft", "seconds_of"]

_LEAST_SHARE = 0.002  # below it a share tells nothing


def seconds_of(calls: int, *, call_s: float, reads_per_min: int) -> float:
    """How long so many calls take: each one after the other, and in no minute more than the quota."""
    return max(calls * call_s, (max(calls, 1) - 1) // reads_per_min * 60.0)


class TimeLeft(Struct):
    """Of one pull, told of each answer. `reads_per_min` is None of a source without a quota.

    The first minute's reads come at once and the quota only then holds: by speed alone an hour would look like minutes.
    """

    reads_per_min: int | None
    clock_s: Callable[[], float] = time.monotonic
    _calls: int = 0
    _since_s: float = 0.0

    def __post_init__(self) -> None:
        self._since_s = self.clock_s()

    def after(self, share: float | None) -> float | None:
        """Seconds left after one more answer, with which that share in [0, 1] is read; None where it is not known."""
        self._calls += 1
        if share is None or share < _LEAST_SHARE:
            return None
        spent_s = self.clock_s() - self._since_s
        if self.reads_per_min is None:
            return spent_s * (1 - share) / share
        calls = round(self._calls / share)
        return max(seconds_of(calls, call_s=spent_s / self._calls, reads_per_min=self.reads_per_min) - spent_s, 0.0)
