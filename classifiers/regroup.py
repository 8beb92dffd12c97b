"""Regrouping: clusters and a person's rules in; the clusters after the rules, and what each rule did, out.

The rules are replayed in their order over the clusters of each analysis: the later one holds. Law 5: the same rows and
rules give the same clusters.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import polars as pl
from msgspec import Struct

from classifiers.clusters import CLUSTER_SCHEMA, cluster_id
from classifiers.crowds import is_crowd
from classifiers.naming import Key, Meaning, Names
from classifiers.renderings import rendering
from classifiers.rules import Rule
from collector.replacing import replace

__all__ = ["Outcome", "Regrouped", "regroup", "warnings"]


class Outcome(Struct, frozen=True):
    """What one rule did. `number` counts from 0, as in `clusters.rules[0]`.

    before: the clusters that it changed, each as its signatures, the leading one first; after: what they became.
    `missing` are names that stand for nothing here; `undone` is the number of an earlier rule that it takes back.
    `is_across`: it names clusters of different services only.
    """

    number: int
    rule: Rule
    before: tuple[tuple[Key, ...], ...] = ()
    after: tuple[tuple[Key, ...], ...] = ()
    missing: tuple[str, ...] = ()
    undone: int | None = None
    is_across: bool = False

    @property
    def is_change(self) -> bool:
        """The rule changed the grouping."""
        return bool(self.before)


class Regrouped(Struct, frozen=True):
    """The clusters after the rules (CLUSTER_SCHEMA), and what each rule did."""

    members: pl.DataFrame
    outcomes: tuple[Outcome, ...]


def regroup(members: pl.DataFrame, signatures: pl.DataFrame, rules: Sequence[Rule], names: Names) -> Regrouped:
    """members: as gather gives them. signatures: SIGNATURE_SCHEMA of all but crowds, which stay."""
    in_crowd = is_crowd(members)
    rows = list(members.filter(~in_crowd).select(list(CLUSTER_SCHEMA)).iter_rows())
    precedence = {one.id: one.precedence for one in map(rendering, signatures.iter_rows(named=True))}
    groups = _Groups({(row[1], row[2], row[3]): row[0] for row in rows}, precedence)
    outcomes = [_replay(number, rule, groups, names) for number, rule in enumerate(rules)]
    regrouped = pl.concat([_rows(rows, groups), members.filter(in_crowd).select(list(CLUSTER_SCHEMA))])
    return Regrouped(regrouped, tuple(outcomes))


def warnings(outcomes: Sequence[Outcome], ever: Names) -> list[str]:
    """A sentence for each rule that does not do what it says. ever: names over all that was ever stored."""
    told = []
    for one in outcomes:
        where = f"clusters.rules[{one.number}] ({one.rule.verb} {', '.join(one.rule.names)})"
        gone = [name for name in one.missing if not ever.meaning(name, service=one.rule.service).keys]
        if gone:
            place = f" of service {one.rule.service}" if one.rule.service is not None else ""
            them = "stands" if len(gone) == 1 else "stand"
            told.append(
                f"{where}: {', '.join(gone)} {them} for nothing{place} in this store; correct or remove the rule"
            )
        if one.is_across:
            told.append(
                f"{where} names clusters of different services; a cluster is of one service, so nothing is merged"
            )
        if one.undone is not None:
            told.append(f"{where} takes back clusters.rules[{one.undone}]; remove one of them")
    return told


class _Groups:
    """The grouping as the rules find it and leave it; it knows which rule did what."""

    def __init__(self, clusters: Mapping[Key, str], precedence: Mapping[str, tuple[int, int, str]]) -> None:
        self._precedence = precedence
        self.of: dict[Key, int] = {}
        self.members: dict[int, set[Key]] = {}
        numbers: dict[str, int] = {}
        for key in sorted(clusters):
            number = numbers.setdefault(clusters[key], len(numbers))
            self.of[key] = number
            self.members.setdefault(number, set()).add(key)
        self._free = len(numbers)
        self.merged_by: dict[Key, int] = {}  # of each signature that a rule named to be merged
        self.split_from: dict[Key, tuple[int, frozenset[Key]]] = {}  # the rule, and what was together before

    def around(self, keys: Sequence[Key]) -> list[int]:
        """The groups that hold these signatures, each once."""
        return sorted({self.of[key] for key in keys if key in self.of})

    def shown(self, numbers: Sequence[int]) -> tuple[tuple[Key, ...], ...]:
        """Groups as their members, the leading one first."""
        return tuple(sorted(self.led(number) for number in numbers if self.members[number]))

    def led(self, number: int) -> tuple[Key, ...]:
        """The members of a group, the one that tells most first."""
        return tuple(sorted(self.members[number], key=lambda key: self._precedence[key[2]]))

    def move(self, keys: Iterable[Key], number: int) -> None:
        """The signatures into one group."""
        for key in list(keys):
            self.members[self.of[key]].discard(key)
            self.of[key] = number
            self.members.setdefault(number, set()).add(key)

    def fresh(self) -> int:
        """The number of a new group."""
        self._free += 1
        return self._free - 1


def _replay(number: int, rule: Rule, groups: _Groups, names: Names) -> Outcome:
    meanings = [names.meaning(name, service=rule.service) for name in rule.names]
    outcome = (
        _merge(number, rule, groups, meanings) if rule.split is None else _split(number, rule, groups, meanings[0])
    )
    missing = (name for name, found in zip(rule.names, meanings, strict=True) if not found.keys)
    return replace(outcome, missing=tuple(missing))


def _merge(number: int, rule: Rule, groups: _Groups, meanings: Sequence[Meaning]) -> Outcome:
    """Joins, in each service, the clusters around all that is named."""
    before: list[tuple[Key, ...]] = []
    after: list[tuple[Key, ...]] = []
    undone = None
    services = [{key[:2] for key in found.keys} for found in meanings]
    for service in sorted(set().union(*services)):
        keys = [key for found in meanings for key in found.keys if key[:2] == service and key in groups.of]
        around = groups.around(keys)
        groups.merged_by |= dict.fromkeys(keys, number)
        if len(around) < 2:  # noqa: PLR2004 - one cluster is whole already
            continue
        before += groups.shown(around)
        for other in around[1:]:
            groups.move(groups.members[other], around[0])
        after += groups.shown(around[:1])
        together = groups.members[around[0]]
        undone = next((by for key in keys for by, mates in _split_of(key, groups) if mates & together), undone)
    is_across = len(meanings) > 1 and all(services) and not any(one & other for one, other in combinations(services, 2))
    return Outcome(number, rule, tuple(before), tuple(after), undone=undone, is_across=is_across)


def _split_of(key: Key, groups: _Groups) -> list[tuple[int, frozenset[Key]]]:
    return [groups.split_from[key]] if key in groups.split_from else []


def _split(number: int, rule: Rule, groups: _Groups, meaning: Meaning) -> Outcome:
    """Parts, in each service, every signature named from its cluster; of a cluster all of them."""
    before: list[tuple[Key, ...]] = []
    after: list[tuple[Key, ...]] = []
    undone = None
    named = set(meaning.keys)
    if meaning.kind == "cluster":
        named = set().union(*(groups.members[place] for place in groups.around(meaning.keys)))
    for place in groups.around(sorted(named)):
        mates = frozenset(groups.members[place])
        if len(mates) == 1:
            continue
        before += groups.shown([place])
        moved = sorted(named & mates)
        undone = next((groups.merged_by[key] for key in moved if key in groups.merged_by), undone)
        fresh = [groups.fresh() for _ in moved]
        for key, new in zip(moved, fresh, strict=True):
            groups.move([key], new)
            groups.split_from[key] = (number, mates - {key})
        after += groups.shown([place, *fresh])
    return Outcome(number, rule, tuple(before), tuple(after), undone=undone)


def _rows(rows: Sequence[tuple[Any, ...]], groups: _Groups) -> pl.DataFrame:
    """The rows of the new grouping. What was joined without a rule keeps its reason beside any of those it was with."""
    leads = {number: groups.led(number)[0] for number, keys in groups.members.items() if keys}
    mates = Counter((row[0], groups.of[row[1], row[2], row[3]]) for row in rows)
    told = []
    for old, project, service, signature, was_lead, rule, share in rows:
        key = (project, service, signature)
        number = groups.of[key]
        is_lead = key == leads[number]
        is_kept = not is_lead and not was_lead and mates[old, number] > 1
        why = "lead" if is_lead else rule if is_kept else "merged"
        told.append((cluster_id(*leads[number]), *key, is_lead, why, share if is_kept else None))
    frame = pl.DataFrame(told, schema=CLUSTER_SCHEMA, orient="row")
    return frame.sort("project", "service", "cluster_id", "signature_id")
