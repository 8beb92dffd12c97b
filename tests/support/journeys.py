"""Requests of a shop as traces: an entry span, the steps below it in order, and what two revisions differ in."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from classifiers.edges import Flow
from classifiers.flow import find_flow
from classifiers.regions import read_placed_facts
from collector.records import Revision
from collector.window import NS_PER_S, Window
from tests.support.spans import exported
from tests.support.system import START_NS, System

__all__ = ["NEW", "OLD", "SERVICE", "Step", "Walk", "flow_of", "served", "served_lines", "window_of"]

SERVICE, OLD, NEW = "shop", "shop-00041-abc", "shop-00042-def"
# Name of a step, or of a step with what is below it.
Step = str | tuple[str, Sequence[Any]]
Walk = Callable[[int], Sequence[Step]]
_EVERY_S = 5.0


def served(
    system: System, revision: str, count: int, steps: Walk | Sequence[Step], *, start_s: float = 0, **more: Any
) -> None:
    """So many requests of `POST /pay`, one every five seconds, each a trace with these steps one after the other.

    `steps` may depend on the number of the request. Keys: name (of the entry), service, parent (of the entry),
    is_torn (its steps name a parent that is not there), took_s (None: the entry has no end), at_once (steps overlap).
    """
    ids = itertools.count(1)
    service = more.get("service", SERVICE)
    for number in range(count):
        trace = f"{abs(hash((revision, number, start_s, service))) | 1:032x}"[-32:]
        at_s = start_s + number * _EVERY_S
        own = f"{next(ids):016x}"
        took_s = more.get("took_s", 4.0)
        entry = {"name": more.get("name", "POST /pay"), "revision": revision, "parent": more.get("parent", "")}
        system.export(exported(at_s, service, trace, own, took_s=took_s, **entry))
        below = steps(number) if callable(steps) else steps
        parent = "f" * 16 if more.get("is_torn") else own
        place = (service, trace, parent, revision)
        _lay(system, place, at_s, below, ids, overlap=bool(more.get("at_once")))


def _lay(
    system: System,
    place: tuple[str, str, str, str],
    at_s: float,
    steps: Sequence[Step],
    ids: "itertools.count[int]",
    *,
    overlap: bool,
) -> None:
    service, trace, parent, revision = place
    for number, step in enumerate(steps):
        name, below = step if isinstance(step, tuple) else (step, ())
        begin_s = at_s + 0.1 + number * (0.01 if overlap else 0.3)
        own = f"{next(ids):016x}"
        parts = {"failed": "refused"} if name.endswith("!") else {}
        system.export(
            exported(
                begin_s,
                service,
                trace,
                own,
                parent=parent,
                kind="internal",
                name=name,
                took_s=0.2,
                revision=revision,
                **parts,
            )
        )
        _lay(system, (service, trace, own, revision), begin_s, below, ids, overlap=False)


def served_lines(system: System, revision: str, count: int, lines: Sequence[str], *, start_s: float = 0) -> None:
    """So many requests, each with these lines one after the other; `{n}` in a line is the number of the request."""
    for number in range(count):
        at_s = start_s + number * _EVERY_S
        trace = system.request(at_s, SERVICE, revision, path="/socket", latency_s=3)
        for place, text in enumerate(lines):
            said = text.replace("{n}", str(1000 + number))
            system.line(at_s + 0.1 * (place + 1), SERVICE, revision, said, trace=trace, severity="INFO")


def window_of(hours: float = 48) -> Window:
    """From the begin of the system on."""
    return Window(START_NS, START_NS + round(hours * 3600 * NS_PER_S))


def flow_of(system: System, folder: Path, *, before: str = OLD, after: str = NEW) -> Flow:
    """What find_flow says of the two revisions."""
    with system.stored(folder, is_signed=False).read() as reader:
        read_placed_facts(reader, end_ns=window_of().end_ns)
        return find_flow(reader, _revision(before), _revision(after), window=window_of())


def _revision(name: str) -> Revision:
    return Revision(
        project="", service=SERVICE, revision=name, created_ns=None, ready_ns=None, failed_ns=None, first_seen_ns=None,
        last_seen_ns=None, traffic_ns=None, requests=0, config=None,
    )  # fmt: skip
