"""Priority P0-P3 from what was measured: the share of what a service and its worst route were asked that fails.

Never from adjectives in log text. Thresholds and weights are the user's. A share counts as far as it is sure, and of
fewer failures than least_failures nothing is called broken. A route ranks one below a service of which as much fails: a
broken route is a major function broken, however little traffic it has. What is slow, or lacks a field, still answers
and ranks one lower. A fault of the test harness or of a client stays at P3; one of the product that only tests have met
yet ranks by what it breaks.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from classifiers.config import PriorityConfig
from classifiers.findings import Cause, Fault, Origin, Priority
from collector.replacing import replace

__all__ = [
    "LOWEST", "Part", "Ranked", "Reach", "brief_words", "harmless_words", "raised", "rank",
    "sure_share",
]  # fmt: skip

LOWEST: Priority = "P3"
_RANKS: tuple[Priority, ...] = ("P0", "P1", "P2", "P3")
_BELOW = len(_RANKS) - 1  # the level of what reaches no threshold
_NOT_KNOWN = 2
_ROUTE = 1  # how much lower a route ranks than a service
_Z = 1.645
_NS_PER_MINUTE = 60e9


class Part(Struct, frozen=True):
    """What a service or one route was asked since an onset, and how much of it went wrong; None: not known."""

    name: str
    failed: int
    exposed: float | None

    @property
    def share(self) -> float | None:
        """0 to 1."""
        return min(1.0, self.failed / self.exposed) if self.exposed else None

    @property
    def sure(self) -> float | None:
        """The share that so many failures make sure of."""
        return None if self.share is None else sure_share(self.share, self.failed)


class Reach(Struct, frozen=True):
    """All that a rank is made of. `verb`: what went wrong with each; `lower`: why it ranks one lower, "" no reason."""

    service: Part
    routes: tuple[Part, ...] = ()
    verb: str = "failed"
    lower: str = ""


class Ranked(Struct, frozen=True):
    """A rank, the sentence that says which threshold decided, and the part and weight that it was decided by."""

    priority: Priority
    reason: str
    worst: Part | None = None
    weight: float = 1.0


def rank(reach: Reach, config: PriorityConfig) -> Ranked:
    """The rank of one finding by itself; of what is not known how much was asked it is P2."""
    told = [_of_service(reach, config), *(_of_route(part, reach, config) for part in reach.routes)]
    level, _, ranked = min(
        (_of_few(*one, config) for one in told if one is not None),
        key=lambda one: one[:2],
        default=(_NOT_KNOWN, 0.0, _unknown(reach)),
    )
    if not reach.lower:
        return ranked
    lowered = min(level + 1, _BELOW)
    return Ranked(_RANKS[lowered], f"{ranked.reason}; one lower: {reach.lower}", ranked.worst, ranked.weight)


def raised(priority: Priority, services: int, config: PriorityConfig) -> tuple[Priority, str]:
    """The rank of what is P1 or worse in so many services, and why it is another one; "" where it is not."""
    if services < config.spread_services or priority == _RANKS[0]:
        return priority, ""
    return _RANKS[0], f"one higher: so it is in {services} services (spread_services {config.spread_services})"


def brief_words(priority: Priority, lasted_ns: int, *, is_over: bool, config: PriorityConfig) -> tuple[Priority, str]:
    """The rank of what was over soon, and why it is another one; "" where it is not."""
    minutes = lasted_ns / _NS_PER_MINUTE
    if not is_over or minutes >= config.brief_minutes or priority >= _RANKS[_NOT_KNOWN]:
        return priority, ""
    lower = _RANKS[_RANKS.index(priority) + 1]
    return lower, f"one lower: over within {math.ceil(minutes)} min (brief_minutes {config.brief_minutes:g})"


def harmless_words(origin: Origin, cause: Cause, fault: Fault) -> str:
    """Why something never ranks above P3; "" where it may."""
    if "test_harness" in (cause, fault):
        return "a fault of the test harness, or what a test asked for, never ranks above P3"
    if "client" in (cause, fault):
        return "a fault of the callers never ranks above P3"
    return "what only scanners meet never ranks above P3" if origin == "scanners" else ""


def sure_share(share: float, failures: int) -> float:
    """The share that so many failures make sure of: Wilson's lower bound at 95 %. One of one is no outage."""
    many = failures / share if share > 0 else 0.0
    if many <= 0:
        return 0.0
    spread = _Z * math.sqrt(share * (1 - share) / many + _Z**2 / (4 * many**2))
    return (share + _Z**2 / (2 * many) - spread) / (1 + _Z**2 / many)


def _of_service(reach: Reach, config: PriorityConfig) -> tuple[int, float, Ranked] | None:
    """Level, how far it is from the top, and the rank by all that the service was asked."""
    part = reach.service
    if part.sure is None:
        return None
    weight = config.weight(part.name)
    factor = 1.0 if weight is None else weight
    level = sum(part.sure * factor < bound for bound in _bounds(config))
    what = f"{_least(part.sure)} of what {part.name or 'it'} was asked {reach.verb}{_times(weight)}"
    return level, -part.sure, Ranked(_RANKS[level], f"{what}: {_threshold(level, config)}", part, factor)


def _of_route(part: Part, reach: Reach, config: PriorityConfig) -> tuple[int, float, Ranked] | None:
    """The same by one route: one lower, but for a route that has a weight."""
    if part.sure is None:
        return None
    weight = config.weight(part.name)
    factor = 1.0 if weight is None else weight
    at = sum(part.sure * factor < bound for bound in _bounds(config))
    level = min(at + (_ROUTE if weight is None else 0), _BELOW)
    what = f"{_least(part.sure)} of {part.name} {reach.verb}{_times(weight)}"
    below = "; a route ranks one below a service" if weight is None and at < _BELOW else ""
    ranked = Ranked(_RANKS[level], f"{what}: {_threshold(at, config)}{below}", part, factor)
    return level, 1.0 - part.sure, ranked  # where both say the same, the service is named


def _of_few(level: int, nearness: float, ranked: Ranked, config: PriorityConfig) -> tuple[int, float, Ranked]:
    """The same, at most P2 where too few failures are known to call anything broken."""
    many = ranked.worst.failed if ranked.worst else 0
    if level >= _NOT_KNOWN or many >= config.least_failures:
        return level, nearness, ranked
    reason = f"{ranked.reason}; P2 at most: known of {many} (least_failures {config.least_failures})"
    return _NOT_KNOWN, nearness, replace(ranked, priority=_RANKS[_NOT_KNOWN], reason=reason)


def _unknown(reach: Reach) -> Ranked:
    return Ranked(_RANKS[_NOT_KNOWN], f"of how many is not known: {reach.service.failed:,} {reach.verb}, so P2")


def _bounds(config: PriorityConfig) -> Sequence[float]:
    return config.p0_share, config.p1_share, config.p2_share


def _threshold(level: int, config: PriorityConfig) -> str:
    if level == _BELOW:
        return f"under p2_share ({_percent(config.p2_share)})"
    return f"p{level}_share is {_percent(_bounds(config)[level])}"


def _times(weight: float | None) -> str:
    return "" if weight is None else f", weighed {weight:g} times (weights)"


def _least(sure: float) -> str:
    return f"at least {_percent(math.floor(sure * 1000) / 1000)}"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
