"""Lineage: what each deploy changed, and which later revisions kept it, took it back or are not known.

A revision that has what an earlier one brought is a carrier of that change. Roll-backs, redeploys and mending deploys
are experiments that people ran without meaning to: a change that was taken back while the failure went on did not do
it, and one that was taken back when the failure stopped did (A/B/A).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from classifiers.changes import Difference, difference
from classifiers.findings import Change
from classifiers.ledger import deploy_order, previous_revision
from classifiers.routing import Routing
from collector.records import Revision

__all__ = ["Lineage", "never_worked"]

_ENV = frozenset({"env_removed", "env_added", "env_changed", "secret_ref_changed"})
_UNKNOWN = object()
_Key = tuple[str, str, str]


class Lineage:
    """The revisions of every service in their order, with the differences between them. Each is found once."""

    def __init__(self, revisions: Sequence[Revision], routings: Sequence[Routing] = ()) -> None:
        self._revisions = revisions
        self._routed: dict[tuple[str, str], list[Routing]] = {}
        for one in routings:
            self._routed.setdefault((one.project, one.service), []).append(one)
        self._orders: dict[tuple[str, str], tuple[Revision, ...]] = {}
        self._places: dict[tuple[str, str], dict[str, int]] = {}
        self._names: dict[tuple[str, str], tuple[str, ...]] = {}
        self._served: dict[_Key, Difference | None] = {}
        self._steps: dict[_Key, Difference | None] = {}
        self._between: dict[tuple[str, str, str, str], Difference | None] = {}
        self._kept: dict[tuple[tuple[str, str, str, str], Change], Mapping[str, bool]] = {}

    def order(self, project: str, service: str) -> tuple[Revision, ...]:
        """The revisions of a service, first deployed first."""
        key = (project, service)
        if key not in self._orders:
            self._orders[key] = deploy_order(self._revisions, service, project=project)
            self._places[key] = {one.revision: place for place, one in enumerate(self._orders[key])}
        return self._orders[key]

    def find(self, project: str, service: str, revision: str) -> Revision | None:
        """A revision by its name."""
        order = self.order(project, service)
        place = self._places[project, service].get(revision)
        return None if place is None else order[place]

    def before(self, project: str, service: str, revision: str) -> tuple[str, ...]:
        """The names of those deployed before a revision, in order; none where it is not known."""
        key = (project, service)
        if key not in self._names:
            self._names[key] = tuple(one.revision for one in self.order(project, service))
        return self._names[key][: self._places[key].get(revision, 0)]

    def served(self, project: str, service: str, revision: str) -> Difference | None:
        """What is different from the revision that served before it; None where none is known."""
        key = (project, service, revision)
        if key not in self._served:
            found = self.find(*key)
            routed = self._routed.get((project, service), [])
            before = previous_revision(self.order(project, service), found, routed) if found else None
            self._served[key] = difference(before, found) if before and found else None
        return self._served[key]

    def step(self, project: str, service: str, revision: str) -> Difference | None:
        """What is different from the revision deployed just before it, whether or not that one served."""
        key = (project, service, revision)
        if key not in self._steps:
            order = self.order(project, service)
            place = self._places[project, service].get(revision, 0)
            before = next((one for one in reversed(order[:place]) if not never_worked(one)), None)
            self._steps[key] = difference(before, order[place]) if before else None
        return self._steps[key]

    def between(self, project: str, service: str, before: str, revision: str) -> Difference | None:
        """What is different from a given earlier revision; None where either is not known."""
        key = (project, service, before, revision)
        if key not in self._between:
            old, new = self.find(project, service, before), self.find(project, service, revision)
            self._between[key] = difference(old, new) if old and new else None
        return self._between[key]

    def returns(self, project: str, service: str, revision: str) -> list[tuple[int, str]]:
        """When routing gave an old revision more of the traffic again, and which newer one had led before."""
        key = (project, service)
        self.order(*key)
        places = self._places[key]
        routed = self._routed.get(key, [])
        found = []
        for before, after in pairwise(routed):
            leader = before.leader()
            is_older = places.get(revision, 0) < places.get(leader, -1)
            if is_older and after.share(revision) > before.share(revision):
                found.append((after.at_ns, leader))
        return found

    def kept(self, project: str, service: str, told: Difference, change: Change) -> Mapping[str, bool]:
        """Of the revisions deployed later: True still has the change, False is as before it; others are not known."""
        key = ((project, service, told.before, told.after), change)
        if key not in self._kept:
            self._kept[key] = dict(self._states(*key[0], change))
        return self._kept[key]

    def _states(self, project: str, service: str, since: str, revision: str, change: Change) -> list[tuple[str, bool]]:
        before = self.find(project, service, since)
        bearer = self.find(project, service, revision)
        if before is None or bearer is None:
            return []
        old, new = _aspect(before, change), _aspect(bearer, change)
        found: list[tuple[str, bool]] = []
        for one in self.order(project, service)[self._places[project, service][revision] + 1 :]:
            now = _aspect(one, change)
            if now is not _UNKNOWN and new is not _UNKNOWN and now == new:
                found.append((one.revision, True))
            elif now is not _UNKNOWN and old is not _UNKNOWN and now == old:
                found.append((one.revision, False))
        return found


def never_worked(revision: Revision) -> bool:
    """It failed to start and never answered a request."""
    return revision.failed_ns is not None and revision.ready_ns is None and not revision.requests


def _aspect(revision: Revision, change: Change) -> object:
    """What a revision has of the thing that changed; equal texts mean that it is the same."""
    config: dict[str, Any] | None = revision.config
    container, slash, name = change.name.rpartition("/")
    if config is None:
        return _UNKNOWN
    if slash:
        config = (config.get("containers") or {}).get(container)
        if config is None:
            return _UNKNOWN
    if change.type in _ENV:
        return _variable(config, name)
    if change.type == "image":
        digest = str(config.get("image", "")).partition("@")[2]
        return digest or _UNKNOWN  # equal tags prove nothing
    key = {"timeout": "timeout_s", "other": name}.get(change.type, change.type)
    return config.get(key, _UNKNOWN)


def _variable(config: dict[str, Any], name: str) -> object:
    if "env" not in config:
        return _UNKNOWN
    told = config["env"].get(name)
    return _UNKNOWN if told is not None and told.get("source") == "unknown" else told
