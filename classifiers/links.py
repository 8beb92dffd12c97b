"""Links: which failure explains which, and how that is known."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from classifiers.findings import Explains

__all__ = ["Link", "is_circle", "nearer_links", "nearest_links", "other_edges"]

_NEAR = 0.85  # of the best share: causes this good compete by nearness
_AS_NEAR = 1.1  # times as long before the symptom, which tells no order


class Link(Struct, frozen=True):
    """`symptom` is explained by `cause` in `share` of its failures; `kind` says how that is known."""

    symptom: str
    cause: str
    share: float
    shared: int
    lag_ns: int
    kind: str  # traces | instances | revisions | onset | named | guilt | called | asked | deploy
    traces: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        """Failures of the symptom that `share` is of."""
        return max(self.shared, round(self.shared / self.share)) if self.share else 0

    def edge(self) -> Explains:
        """The link as it is told."""
        return Explains(self.cause, self.symptom, self.shared, self.units, self.lag_ns, self.kind, self.traces)


def is_circle(link: Link, chosen: Mapping[str, Link]) -> bool:
    """Whether a link leads back to its symptom by the chosen ones."""
    at = link.cause
    while at in chosen and at != link.symptom:
        at = chosen[at].cause
    return at == link.symptom


def nearest_links(found: Mapping[str, Sequence[Link]]) -> dict[str, Link]:
    """One cause each: of those about as good as the best, the one that came last before the symptom.

    found: the links of each symptom; symptoms are settled in their order, and none in a circle.
    """
    chosen: dict[str, Link] = {}
    good = {name: _good(links) for name, links in found.items()}
    for name, links in good.items():
        for link in links:
            if not is_circle(link, chosen):
                chosen[name] = link
                break
    for name, links in good.items():
        if name in chosen:
            chosen[name] = _step_between(chosen[name], links, chosen)
    return chosen


def _good(links: Sequence[Link]) -> list[Link]:
    """Those about as good as the best, the nearest first."""
    best = max((link.share for link in links), default=0.0)
    good = [link for link in links if link.share >= _NEAR * best]
    return sorted(good, key=lambda one: (one.lag_ns, -one.share, one.cause))


def _step_between(link: Link, good: Sequence[Link], chosen: Mapping[str, Link]) -> Link:
    """What stands between the two: as near, and itself explained by the cause. Lines of one moment mix their order."""
    for other in good:
        above = chosen.get(other.cause)
        is_as_near = other.kind == link.kind and other.lag_ns <= _AS_NEAR * link.lag_ns
        if is_as_near and above and above.cause == link.cause and above.kind == link.kind:
            return other
    return link


def nearer_links(links: Mapping[str, Link], again: Mapping[str, Link], made: Collection[str]) -> dict[str, Link]:
    """Links with those of a cascade found `again` to causes that were `made` of several, of which none was enough."""
    kept = dict(links)
    for name, link in sorted(again.items()):
        if link.cause in made and name in kept and not is_circle(link, kept):
            kept[name] = link
    return kept


def other_edges(others: Iterable[Link], chosen: Collection[Link], known: Collection[str]) -> list[Explains]:
    """The links beside those chosen, between failures that are `known`; none that a chain of chosen ones tells."""
    causes = {link.symptom: link.cause for link in chosen}

    def leads(name: str) -> set[str]:
        found: set[str] = set()
        while name in causes and causes[name] not in found:
            name = causes[name]
            found.add(name)
        return found

    return [
        link.edge()
        for link in others
        if {link.cause, link.symptom} <= set(known)
        and link.cause not in leads(link.symptom)
        and link.symptom not in leads(link.cause)
    ]
