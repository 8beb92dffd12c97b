"""The traffic timeline of each service: which revision had which share, at the times that facts tell of.

Pins, canaries, tags and roll-backs are read from it: a roll-back is an older revision that takes traffic again.
"""

from dataclasses import dataclass, replace

import polars as pl

from classifiers.facts import read_facts

__all__ = ["Routing", "Target", "fold_routings"]


@dataclass(frozen=True, slots=True)
class Target:
    """Share of one revision in percent; `is_latest`: it follows the latest revision rather than being pinned."""

    revision: str
    percent: int
    tag: str
    is_latest: bool


@dataclass(frozen=True, slots=True)
class Routing:
    """Traffic of one service as it was in force from `at_ns` on; `told_ns` is when it was last told so."""

    project: str
    service: str
    at_ns: int
    told_ns: int
    targets: tuple[Target, ...]
    insert_id: str

    def share(self, revision: str) -> int:
        """Percent of the traffic that the revision had."""
        return sum(target.percent for target in self.targets if target.revision == revision)

    def leader(self) -> str:
        """The revision with most of the traffic; "" where none had any."""
        shares = {target.revision: self.share(target.revision) for target in self.targets}
        best = max(sorted(shares), key=lambda revision: shares[revision], default="")
        return best if best and shares[best] else ""


def fold_routings(facts: pl.DataFrame) -> tuple[Routing, ...]:
    """The changes of traffic that facts tell of, by project, service and time; repetitions are told once."""
    told = [fact for fact in read_facts(facts) if fact.kind == "traffic"]
    folded: list[Routing] = []
    for fact in sorted(told, key=lambda one: (one.project, one.service, one.at_ns, one.insert_id)):
        listed = fact.detail.get("targets", ())
        targets = tuple(Target(one["revision"], one["percent"], one["tag"], bool(one["latest"])) for one in listed)
        routing = Routing(fact.project, fact.service, fact.at_ns, fact.at_ns, targets, fact.insert_id)
        if folded and _says_the_same(folded[-1], routing):
            folded[-1] = replace(folded[-1], told_ns=routing.at_ns)
        else:
            folded.append(routing)
    return tuple(folded)


def _says_the_same(before: Routing, after: Routing) -> bool:
    is_same_service = (before.project, before.service) == (after.project, after.service)
    return is_same_service and set(before.targets) == set(after.targets)
