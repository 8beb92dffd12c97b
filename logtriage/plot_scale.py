"""Scales of drawings: time across, a share upwards, and where their ticks stand. Pure."""

from collections.abc import Iterator

from msgspec import Struct

from collector.window import NS_PER_S

__all__ = ["Scale", "nice_top", "time_ticks"]

_TOPS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)  # percent
_MOST_TICKS = 7
_FINE = 4  # ticks that are seen when zoomed in, for one of the others
_STEPS_S = (60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000)


class Scale(Struct, frozen=True):
    """Instants to places: `x` on the page, `share` from 0 to 1000 inside the panes, which a reader may zoom."""

    start_ns: int
    end_ns: int
    left: float = 56.0
    width: float = 652.0
    page: float = 720.0

    def share(self, at_ns: int) -> float:
        """Thousandths of the time drawn."""
        return (at_ns - self.start_ns) / (self.end_ns - self.start_ns) * 1000

    def x(self, at_ns: int) -> float:
        """The place on the page."""
        return self.left + self.share(at_ns) / 1000 * self.width


def nice_top(share: float) -> float:
    """The percentage at the top of an axis that holds a share: a round one, the least that does."""
    return next((top for top in _TOPS if share * 100 <= top), _TOPS[-1])


def time_ticks(scale: Scale) -> Iterator[tuple[int, bool]]:
    """Instants at whole steps of the clock, and whether one is for those who zoom in; by time."""
    span_s = (scale.end_ns - scale.start_ns) / NS_PER_S
    step_s = next((step for step in _STEPS_S if span_s / step <= _MOST_TICKS), _STEPS_S[-1])
    fine_s = max(step_s // _FINE, 1)
    at_s = -(-scale.start_ns // (fine_s * NS_PER_S)) * fine_s
    while at_s * NS_PER_S <= scale.end_ns:
        yield at_s * NS_PER_S, at_s % step_s != 0
        at_s += fine_s
