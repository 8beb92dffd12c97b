"""The traffic timeline of each service: which revision had which share, at the times that facts tell of.

Pins, canaries, tags and roll-backs are read from it: a roll-back is an older revision that takes traffic again.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

import polars as pl
from msgspec import Struct

from classifiers.facts import Fact, read_facts
from collector.replacing import replace

__all__ = ["Routing", "Target", "fold_routings", "routings_of"]

_Place = tuple[str, str, str]
_ECHO_NS = 15 * 60 * 10**9  # a roll-out ends at the latest this long after the one that overtook it


class Target(Struct, frozen=True):
    """Share of one revision in percent; `is_latest`: it follows the latest revision, pinned if not, None: not told."""

    revision: str
    percent: int
    tag: str
    is_latest: bool | None


class Routing(Struct, frozen=True):
    """Traffic of one service in one region as it was in force from `at_ns` on; `told_ns` is when it was last told so.

    `is_asked`: a request wanted it so, and no answer of the platform tells of it.
    """

    project: str
    service: str
    at_ns: int
    told_ns: int
    targets: tuple[Target, ...]
    insert_id: str
    location: str = ""
    is_asked: bool = False

    def share(self, revision: str) -> int:
        """Percent of the traffic that the revision had."""
        return sum(target.percent for target in self.targets if target.revision == revision)

    def leader(self) -> str:
        """The revision with most of the traffic; "" where none had any."""
        shares = {target.revision: self.share(target.revision) for target in self.targets}
        best = max(sorted(shares), key=lambda revision: shares[revision], default="")
        return best if best and shares[best] else ""


def fold_routings(facts: pl.DataFrame) -> tuple[Routing, ...]:
    """The changes of traffic that facts tell of, by project, service, region and time; repetitions are told once."""
    return routings_of(read_facts(facts))


def routings_of(facts: list[Fact]) -> tuple[Routing, ...]:
    """The changes of traffic in facts that were read already."""
    ready = _first_ready(facts)
    told = [_not_before(_told(fact), ready) for fact in _newest(facts)]
    folded: list[Routing] = []
    for routing in sorted([*told, *_asked(facts)], key=_order):
        before = folded[-1] if folded and _place(folded[-1]) == _place(routing) else None
        if before and _is_told_again(before, routing):
            folded[-1] = replace(before, told_ns=routing.told_ns, is_asked=before.is_asked and routing.is_asked)
            continue
        # in force since a time that the platform tells, unless something else was in force after that
        is_since_known = before is None or routing.at_ns > before.told_ns
        folded.append(routing if is_since_known else replace(routing, at_ns=routing.told_ns))
    return tuple(folded)


def _is_told_again(before: Routing, routing: Routing) -> bool:
    """Whether both are the same traffic, as far as the later one tells."""
    old, new = (
        {replace(one, is_latest=None) for one in told.targets} if _is_vague(routing) else set(told.targets)
        for told in (before, routing)
    )
    return old == new


def _is_vague(routing: Routing) -> bool:
    return any(target.is_latest is None for target in routing.targets)


def _first_ready(facts: list[Fact]) -> dict[tuple[str, str, str, str], int]:
    """When each revision of a service and region got ready first; facts are by time."""
    first: dict[tuple[str, str, str, str], int] = {}
    for fact in facts:
        if fact.kind == "ready":
            first.setdefault((fact.project, fact.service, fact.location, fact.revision), fact.at_ns)
    return first


def _not_before(routing: Routing, ready: dict[tuple[str, str, str, str], int]) -> Routing:
    """The routing not before who has a share in it was ready: a call's entry bears the time at which it began."""
    shared = [target.revision for target in routing.targets if target.percent]
    known = [ready.get((*_place(routing), revision), 0) for revision in shared]
    least = max((at_ns for at_ns in known if at_ns - routing.told_ns <= _ECHO_NS), default=0)
    return replace(routing, at_ns=max(routing.at_ns, least), told_ns=max(routing.told_ns, least))


def _newest(facts: list[Fact]) -> Iterator[Fact]:
    """Traffic as it was told, without what is told of a generation moments after a newer one: roll-outs may overlap.

    Long after it is no echo: a service that was deleted and made anew counts from one again.
    """
    newest: dict[_Place, tuple[int, int]] = {}
    for fact in facts:  # by time
        if fact.kind == "traffic":
            place = (fact.project, fact.service, fact.location)
            known, at_ns = newest.get(place, (0, fact.at_ns))
            generation = fact.detail.get("generation") or known
            if generation >= known or fact.at_ns - at_ns > _ECHO_NS:
                newest[place] = (generation, fact.at_ns)
                yield fact


def _order(routing: Routing) -> tuple[str, str, str, int, bool, str]:
    """A request carries the state that it found, which was there before what it asks for."""
    return (*_place(routing), routing.told_ns, routing.is_asked, routing.insert_id)


def _place(routing: Routing) -> _Place:
    return routing.project, routing.service, routing.location


def _told(fact: Fact) -> Routing:
    listed = fact.detail.get("targets", ())
    targets = tuple(Target(one["revision"], one["percent"], one["tag"], one["latest"]) for one in listed)
    since = fact.detail.get("since_ns")
    at_ns = min(fact.at_ns, since) if isinstance(since, int) else fact.at_ns
    return Routing(fact.project, fact.service, at_ns, fact.at_ns, targets, fact.insert_id, fact.location)


def _asked(facts: list[Fact]) -> Iterator[Routing]:
    """What requests that move nothing but traffic wanted; those that follow the latest get the revision ready then."""
    ready: dict[_Place, list[tuple[int, str]]] = defaultdict(list)
    for fact in facts:
        if fact.kind == "ready":
            ready[fact.project, fact.service, fact.location].append((fact.at_ns, fact.revision))
    for fact in facts:
        detail = fact.detail
        if fact.kind != "deploy" or detail.get("makes_revision", True) or detail.get("outcome") == "failed":
            continue
        known = ready[fact.project, fact.service, fact.location]
        place = bisect_right(known, (fact.at_ns, "\uffff"))
        latest = known[place - 1][1] if place else ""
        targets = tuple(
            Target(
                one["revision"] or (latest if one["latest"] else ""), one["percent"], one["tag"], bool(one["latest"])
            )
            for one in detail.get("targets", ())
        )
        if targets and all(target.revision for target in targets) and any(target.percent for target in targets):
            yield Routing(
                fact.project,
                fact.service,
                fact.at_ns,
                fact.at_ns,
                targets,
                fact.insert_id,
                fact.location,
                is_asked=True,
            )
