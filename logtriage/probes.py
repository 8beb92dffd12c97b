"""What a daemon can look at beside its store: disk, receiver and clock. Plain functions that give looks at trouble."""

import math
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from statistics import median_low
from typing import TYPE_CHECKING

from msgspec import Struct

from classifiers.blind import lasted
from collector.config import RetentionConfig
from collector.errors import StoreError
from collector.other_clocks import BOOK, running_s
from collector.place import is_there
from collector.store import Store
from collector.troubles import Trouble
from collector.window import NS_PER_S
from logtriage.wording import join_words

if TYPE_CHECKING:
    from collector.receiver.intake import Counts

__all__ = ["ClockLook", "ReceiverLook", "ServersLook", "look_at_disk"]

_MIB, _GIB = 2**20, 2**30
_LEAST_FREE = _GIB // 2  # bytes below which a disk is nearly full however slowly it fills
_FULL_IN_DAYS = 7.0
_HOUR_NS = 3600 * NS_PER_S
_DAY_NS = 24 * _HOUR_NS
_OUTGROWN = 1.2  # times the size that it may have: retention runs once a day
_FEW = 100  # MiB from which tens are told
_JUMP_S = 60.0  # that a clock is set by before it is told
_SAME_S = 30.0  # below which two clocks agree
_NAMED = 3  # servers
_OURS = ("resource_exhausted", "unavailable", "internal")  # answers that tell a client to come back, or our own failure
_QUIET_LOOKS = 5  # without a refusal, after which a receiver takes all again


def look_at_disk(
    store: Store, *, now_ns: int, kept: RetentionConfig, free: Callable[[], int] | None = None
) -> tuple[Trouble, ...]:
    """Whether the disk of the store is nearly full, or will be within a week; whether the store outgrew its limit.

    It grows by what was stored in the last day, at the bytes that a stored record takes up, until it is as large as
    what is kept. `free` gives the bytes that are left. A store that cannot be read now is no news of the disk.
    """
    if not is_there(store.path):
        return ()
    left = free() if free is not None else shutil.disk_usage(store.path.resolve().parent).free
    try:
        with store.read() as reader:
            held, fresh = reader.frame("count_growth", since_ns=now_ns - _DAY_NS, now_ns=now_ns).row(0)
    except StoreError:
        return ()
    size = store.path.stat().st_size
    a_day = size / held * fresh if held else 0.0
    most = min(a_day * kept.days, float(kept.max_bytes or math.inf))
    days = left / a_day if a_day and size + left < most and size > _MIB else None
    return (_disk(left, a_day, days, now_ns), _size(size, kept, now_ns))


def _disk(left: int, a_day: float, days: float | None, now_ns: int) -> Trouble:
    """days: until it is full, None where it never is."""
    is_soon = days is not None and days < _FULL_IN_DAYS
    if left >= _LEAST_FREE and not is_soon:
        return Trouble("disk", "disk of the store", now_ns, True, "")
    grows = f"; the store grows by {_bytes(a_day)} a day" if a_day > _MIB else ""
    full = ""
    if days is not None and is_soon:
        at = datetime.fromtimestamp(now_ns / NS_PER_S + days * 86_400, UTC)
        full = f": it is full in about {lasted(round(days * 24) * _HOUR_NS)}, on {at:%Y-%m-%d}"
    told = (
        f"{_bytes(left)} are left on the disk of the store{grows}{full}. Free some space, or keep less (`retention`)."
    )
    return Trouble("disk", "disk of the store", now_ns, False, told)


def _size(size: int, kept: RetentionConfig, now_ns: int) -> Trouble:
    if kept.max_bytes is None or size <= _OUTGROWN * kept.max_bytes:
        return Trouble("disk", "size of the store", now_ns, True, "")
    told = (
        f"the store holds {_bytes(size)}, more than the {_bytes(kept.max_bytes)} that it may. "
        "See why the job `retention` does not run, or run `logtriage prune`."
    )
    return Trouble("disk", "size of the store", now_ns, False, told)


class ReceiverLook(Struct):
    """Whether the receiver turned clients away since the look before; over after some looks without."""

    _refused: int | None = None
    _spell: int = 0
    _quiet: int = 0
    _is_open: bool = False

    def look(self, counts: "Counts | None", *, now_ns: int) -> tuple[Trouble, ...]:
        """One look. Requests that a client sent wrong, or without the token, are not ours to mend and do not count."""
        if counts is None:
            return ()
        refused = sum(counts.refused.get(code, 0) for code in _OURS)
        more = refused - (self._refused or 0) if refused >= (self._refused or 0) else refused
        self._refused = refused
        if more or counts.trouble:
            self._is_open, self._quiet = True, 0
            self._spell += more
        elif self._is_open:
            self._quiet += 1
        if self._quiet >= _QUIET_LOOKS:
            self._is_open, self._quiet, self._spell = False, 0, 0
        if not self._is_open:
            return (Trouble("receiver", "otlp", now_ns, True, ""),)
        return (Trouble("receiver", "otlp", now_ns, False, self._words(counts)),)

    def _words(self, counts: "Counts") -> str:
        """The same words while it is the same matter: how many is told in steps, so that few rows are written."""
        if counts.trouble:
            return "what the receiver takes cannot be stored: clients are told to come back. Look at the store."
        many = _rounded(self._spell)
        what = "a request was" if self._spell == 1 else f"{many} requests were"
        return f"{what} turned away by the receiver. Raise `receive.queue_mib`, or give the disk more speed."


class ClockLook(Struct):
    """Whether the clock of this machine was set between two looks, seen against one that only runs on.

    The running clock goes on while the machine sleeps where the system has such a one, so that a suspend is no jump.
    """

    wall_s: Callable[[], float] = time.time
    running_s: Callable[[], float] = running_s
    _last: tuple[float, float] | None = None
    _is_open: bool = False

    def look(self, *, now_ns: int) -> tuple[Trouble, ...]:
        """One look: a jump is told once and is over at the next look without one."""
        now = (self.wall_s(), self.running_s())
        last, self._last = self._last or now, now
        jump_s = (now[0] - last[0]) - (now[1] - last[1])
        if abs(jump_s) < _JUMP_S:
            return (Trouble("clock", "machine", now_ns, True, ""),)
        way = "back" if jump_s < 0 else "forward"
        by = lasted(round(abs(jump_s) * NS_PER_S))
        told = f"the clock of this machine was set {way} by {by}: times of that hour may be wrong. Keep it by NTP."
        return (Trouble("clock", "machine", now_ns, False, told),)


class ServersLook(Struct):
    """Whether the clock of this machine is another than those of the servers that it asks; most of them decide."""

    ahead_s: Callable[[], Mapping[str, float]] = BOOK.ahead_s
    _told_s: float = 0.0  # 0 while it is the same

    def look(self, *, now_ns: int) -> tuple[Trouble, ...]:
        """One look; nothing where nobody has answered yet."""
        ahead = self.ahead_s()
        if not ahead:
            return ()
        by_s = median_low(ahead.values())
        if abs(by_s) < (_SAME_S if self._told_s else _JUMP_S):
            self._told_s = 0.0
            return (Trouble("clock", "machine beside servers", now_ns, True, ""),)
        if abs(by_s - self._told_s) >= _SAME_S:
            self._told_s = by_s
        agreed = sorted(name for name, one_s in ahead.items() if abs(one_s - by_s) < _SAME_S)
        whose = f"the dates in answers to {join_words(agreed, _NAMED)}"
        way = "ahead of" if by_s > 0 else "behind"
        by = lasted(round(abs(self._told_s) * NS_PER_S))
        told = f"the clock of this machine is {by} {way} {whose}. Set it by NTP."
        return (Trouble("clock", "machine beside servers", now_ns, False, told),)


def _rounded(many: int) -> str:
    """`7`, `at least 40`, `at least 1,000`: a count by its first figure."""
    size = 10 ** (len(str(many)) - 1)
    return str(many) if size == 1 else f"at least {many // size * size:,}"


def _bytes(many: float) -> str:
    """By so few figures that a look a minute later tells the same."""
    if many >= _GIB:
        return f"{many / _GIB:.1f} GiB"
    return f"{round(many / _MIB, -1 if many >= _FEW * _MIB else 0):.0f} MiB"
