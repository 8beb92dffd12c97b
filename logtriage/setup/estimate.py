"""How much there is to read and how long that takes, from looks at a few stretches of a day. No I/O."""

from collections.abc import Iterable

from msgspec import Struct

from collector.window import NS_PER_S
from logtriage.time_left import seconds_of

__all__ = ["Stretch", "Volume", "calls_of", "stretch_of", "volume_of"]

PAGE = 1000  # entries a call
_SLICE_S = 3600  # read at a time where there is much, see CloudLoggingConfig.slice_s


class Stretch(Struct, frozen=True):
    """A part of the time and the entries in it; `is_counted`: all of them were seen, and not only the first page."""

    seconds: float
    entries: float
    is_counted: bool


class Volume(Struct, frozen=True):
    """Entries of a window, calls to read them, and seconds that these take."""

    entries: int
    calls: int
    seconds: float
    is_counted: bool


def stretch_of(start_ns: int, end_ns: int, *, seen: int, has_more: bool, last_ns: int | None) -> Stretch:
    """What the first page of [start_ns, end_ns) tells of all of it: its own density, where there is more."""
    seconds = (end_ns - start_ns) / NS_PER_S
    if not has_more:
        return Stretch(seconds, seen, is_counted=True)
    within_s = max(((end_ns if last_ns is None else last_ns) - start_ns) / NS_PER_S, 1.0)
    return Stretch(seconds, max(seen * seconds / min(within_s, seconds), seen), is_counted=False)


def calls_of(stretch: Stretch) -> int:
    """Calls of a page each; a quiet stretch is read at once, a full one in slices of an hour."""
    if stretch.entries <= PAGE:
        return 1
    slices = max(1, round(stretch.seconds / _SLICE_S))
    return slices * -int(-stretch.entries / slices // PAGE)


def volume_of(stretches: Iterable[Stretch], *, call_s: float, reads_per_min: int) -> Volume:
    """All of them together; `call_s` is what one call took when it was tried."""
    every = tuple(stretches)
    calls = sum(map(calls_of, every))
    return Volume(
        entries=round(sum(one.entries for one in every)),
        calls=calls,
        seconds=seconds_of(calls, call_s=call_s, reads_per_min=reads_per_min),
        is_counted=all(one.is_counted for one in every),
    )
