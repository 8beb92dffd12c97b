"""Conditions of faults: the probability that a request fails, from where, when and for whom it is served."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence

from logtriage.demo.clock import HOUR
from logtriage.demo.deploys import Deploy
from logtriage.demo.specs import Spec
from logtriage.demo.traffic import Call

__all__ = [
    "When", "asked_by", "at_instants", "between", "both", "configured", "growing", "in_office_hours", "inside", "on",
    "share", "started_since", "tagged", "used_by",
]  # fmt: skip

When = Callable[[Call], float]


def on(*route_keys: str) -> When:
    """Requests of these routes."""
    return lambda call: float(call.route.key in route_keys)


def used_by(service: str) -> When:
    """Whatever a service serves, but for its health checks."""
    return lambda call: float(call.scene.place.service.name == service and not call.route.key.endswith("health"))


def share(part: float) -> When:
    """A constant part of all requests."""
    return lambda _: part


def tagged(tag: str) -> When:
    """Requests that reach a revision whose image or configuration carries this fault."""
    return lambda call: float(tag in call.scene.place.deploy.spec.faults)


def configured(test: Callable[[Spec], bool]) -> When:
    """Requests that reach a revision with such a configuration."""
    return lambda call: float(test(call.scene.place.deploy.spec))


def between(start_ns: int, end_ns: int) -> When:
    """Requests inside [start_ns, end_ns)."""
    return lambda call: float(start_ns <= call.at_ns < end_ns)


def inside(spans_ns: Sequence[tuple[int, int]]) -> When:
    """Requests inside any of some [start_ns, end_ns), given in order of time."""
    starts = [start_ns for start_ns, _ in spans_ns]

    def probability(call: Call) -> float:
        at = bisect_right(starts, call.at_ns) - 1
        return float(at >= 0 and call.at_ns < spans_ns[at][1])

    return probability


def started_since(at_ns: int) -> When:
    """Requests served by containers that started at or after an instant."""
    return lambda call: float(call.scene.place.instance.start_ns >= at_ns)


def asked_by(*kinds: str) -> When:
    """Requests of callers of these kinds."""
    return lambda call: float(call.origin.kind in kinds)


def growing(deploy: Deploy, full_h: float, most: float, least: float = 0.0) -> When:
    """A part that grows with the hours since a revision took traffic, from `least` to `most` after `full_h` hours."""
    start_ns = deploy.traffic_ns or deploy.created_ns

    def probability(call: Call) -> float:
        grown = min(1.0, max(0.0, (call.at_ns - start_ns) / (full_h * HOUR)))
        return least + (most - least) * grown

    return probability


def in_office_hours(start: int, end: int) -> When:
    """Requests between two hours of the day (UTC)."""
    return lambda call: float(start <= call.at_ns // HOUR % 24 < end)


def at_instants(instants_ns: Collection[int]) -> When:
    """Requests that begin at exactly these instants; for failures that are sent in one by one."""
    wanted = frozenset(instants_ns)
    return lambda call: float(call.at_ns in wanted)


def both(*conditions: When) -> When:
    """The product of conditions; later ones are asked while the earlier ones allow it."""

    def probability(call: Call) -> float:
        part = 1.0
        for condition in conditions:
            part *= condition(call)
            if not part:
                break
        return part

    return probability
