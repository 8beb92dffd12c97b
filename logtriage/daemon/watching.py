"""The job `watch`: each probe looks at one thing that keeps logtriage from seeing, and what is news is stored.

A probe is a function that takes a Look and gives what it saw, troubles and what is over; a new one is a line of PROBES.
"""

import time
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from collector.stopping import Stop
from collector.store import Store
from collector.troubles import Trouble, note_troubles
from logtriage.config import Config
from logtriage.daemon.inside import Inside
from logtriage.jobs import Done
from logtriage.probes import look_at_disk

__all__ = ["PROBES", "Look", "Probe", "watch"]


class Look(Struct, frozen=True):
    """What a probe is given."""

    config: Config
    inside: Inside
    now_ns: int


Probe = Callable[[Look], Iterable[Trouble]]


def probe_settings(look: Look) -> tuple[Trouble, ...]:
    """Whether the file of settings as it lies there can be used."""
    fault = look.inside.config_fault
    told = f"the new settings are not used, the old ones stay: {fault}" if fault else ""
    return (Trouble("settings", "config", look.now_ns, not fault, told),)


def probe_disk(look: Look) -> tuple[Trouble, ...]:
    """Whether the disk of the store is full, or soon will be."""
    return look_at_disk(Store(look.config.store), now_ns=look.now_ns, kept=look.config.retention)


def probe_receiver(look: Look) -> tuple[Trouble, ...]:
    """Whether the receiver turned clients away."""
    return look.inside.receiver_look.look(look.inside.receiver(), now_ns=look.now_ns)


def probe_clock(look: Look) -> tuple[Trouble, ...]:
    """Whether the clock was set since the last look, and whether it is that of the servers that are asked."""
    return (*look.inside.clock_look.look(now_ns=look.now_ns), *look.inside.servers_look.look(now_ns=look.now_ns))


PROBES: tuple[Probe, ...] = (probe_settings, probe_disk, probe_receiver, probe_clock)


def watch(config: Config, inside: Inside, stop: Stop, *, probes: Sequence[Probe] = PROBES) -> Done:
    """One look by every probe. Errors go up: of a probe as of the store."""
    look = Look(config, inside, time.time_ns())
    seen: list[Trouble] = []
    for probe in probes:
        stop.check()
        seen += probe(look)
    noted = note_troubles(Store(config.store), seen)
    return Done(figures={"troubles": sum(not one.is_over for one in seen), "noted": noted})
