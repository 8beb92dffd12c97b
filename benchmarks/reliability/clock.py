"""A clock of its own for a process under test: set to another time, and quicker where that is asked for.

Importing this module puts it in the place of `time.time` and `time.time_ns`; so it is imported before logtriage, whose
modules keep the function they were given. Until `set_clock` it tells what the machine tells. `time.monotonic`, by which
logtriage waits and measures, stays as it is, and so does `datetime.now`, by which its scheduler counts; and gRPC keeps
the machine's, because it hands deadlines as instants to code that knows no other.
"""

import mmap
import time
from pathlib import Path
from types import SimpleNamespace

import grpc._channel

__all__ = ["follow_clock", "real_ns", "set_clock"]

real_ns, _real_s = time.time_ns, time.time
grpc._channel.time = SimpleNamespace(**{**vars(time), "time": _real_s})  # noqa: SLF001 - see above
_shift: list[mmap.mmap] = []
_set: dict[str, float] = {"real_ns": 0, "told_ns": 0, "rate": 1.0}


def set_clock(told_ns: int, *, rate: float = 1.0, since_ns: int | None = None) -> None:
    """From now on it is `told_ns`, and goes `rate` times as quick; or it was so at the real time `since_ns`."""
    _set.update(real_ns=real_ns() if since_ns is None else since_ns, told_ns=told_ns, rate=rate)


def follow_clock(shift: Path) -> None:
    """From now on it is so many ns later than the machine tells as stand in that file, whoever changes them."""
    with shift.open("rb") as file:
        _shift.append(mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ))


def _now_ns() -> int:
    if _shift:
        return real_ns() + int.from_bytes(_shift[0][:8], "little", signed=True)
    gone_ns = real_ns() - int(_set["real_ns"])
    return int(_set["told_ns"]) + (gone_ns if _set["rate"] == 1.0 else int(gone_ns * _set["rate"]))


def _now_s() -> float:
    return _now_ns() / 1e9


time.time_ns = _now_ns
time.time = _now_s
