"""Keys that a deploy dropped: a warning of its own, before any error.

Only lists that are known on both sides are compared; a revision that never worked drops nothing. A key that came back
is told with the revision that brought it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from msgspec import Struct

from classifiers.changes import variable_text
from classifiers.explained import BLAMED
from classifiers.findings import Cluster, VanishedKey
from classifiers.order import in_deploy_order
from classifiers.routing import Routing
from collector.records import Revision
from collector.replacing import replace
from collector.window import Window

__all__ = ["KeyId", "keys_of", "renamed_keys", "vanished_keys", "with_errors"]

_Service = tuple[str, str]  # project and name


class KeyId(Struct, frozen=True, order=True):
    """A variable, those of sidecars as CONTAINER/NAME; or a secret that is mounted as files, by the secret's name."""

    name: str
    is_mounted: bool = False


def keys_of(revision: Revision) -> dict[KeyId, dict[str, str]] | None:
    """Variables and mounted secrets of a revision with what is kept of each; None where the variables are not known."""
    config = revision.config or {}
    if "env" not in config:
        return None
    found = {KeyId(name): told for name, told in config["env"].items()}
    for container, one in (config.get("containers") or {}).items():
        found |= {KeyId(f"{container}/{name}"): told for name, told in one.get("env", {}).items()}
    for volume in (config.get("volumes") or {}).values():
        if volume.get("kind") == "secret":
            versions = ", ".join(sorted(set(volume.get("items", {}).values()))) or "latest"
            told = {"source": "secret", "secret": volume["secret"], "version": versions}
            found[KeyId(volume["secret"], is_mounted=True)] = told
    return found


def vanished_keys(revisions: Sequence[Revision], routings: Sequence[Routing] = ()) -> tuple[VanishedKey, ...]:
    """Keys that a deploy dropped, by service and time; `errors_since` is left False.

    Compared with the last revision before whose lists are known.
    """
    groups = {
        key: [one for one in group if not _failed(one)]
        for key, group in groupby(in_deploy_order(revisions), key=lambda one: (one.project, one.service))
    }
    newest = {key: _newest_keys(group) for key, group in groups.items()}
    vanished: list[VanishedKey] = []
    for service, group in groups.items():
        leader = _leader(routings, service)
        for found in _of_service(group):
            told = replace(found.told, kept_by=_keepers(found.key, service, newest))
            vanished.append(replace(told, restored_in=found.restored_in or _rolled_back(found, group, leader)))
    return tuple(vanished)


def renamed_keys(before: Revision, after: Revision) -> dict[str, str]:
    """Variables that are gone in `after`, with the one new key each that holds the same."""
    had, has = keys_of(before), keys_of(after)
    if had is None or has is None:
        return {}
    gone = [key for key in sorted(had.keys() - has.keys()) if not key.is_mounted]
    return {key.name: name for key in gone if (name := _renamed(key, had, has))}


def with_errors(
    vanished: Sequence[VanishedKey], clusters: Sequence[Cluster], window: Window
) -> tuple[VanishedKey, ...]:
    """Vanished keys of the window, each with the failures since that are tied to it.

    Tied is what is attributed to the revision that dropped it, and what began since in the same service and names it.
    """
    told = []
    for key in vanished:
        if window.start_ns <= key.at_ns < window.end_ns:
            ids = tuple(one.id for one in clusters if _is_blamed(one, key) or _names_it(one, key))
            told.append(replace(key, errors_since=bool(ids), cluster_ids=ids))
    return tuple(told)


def _is_blamed(cluster: Cluster, key: VanishedKey) -> bool:
    blamed = cluster.attribution
    is_it = blamed is not None and (blamed.service, blamed.revision) == (key.service, key.revision)
    return is_it and blamed is not None and blamed.confidence >= BLAMED


def _names_it(cluster: Cluster, key: VanishedKey) -> bool:
    """A failure of the same service, begun since, that tells the name of the key."""
    is_own = cluster.service == key.service and key.project in {"", cluster.project}
    if not is_own or cluster.onset.latest_ns < key.at_ns:
        return False
    name = key.key.rpartition("/")[2]
    return (
        re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", f"{cluster.title}\n{cluster.sample}")
        is not None
    )


class _Found(Struct, frozen=True):
    """A vanished key, and the later revision that has it again."""

    key: KeyId
    told: VanishedKey
    restored_in: str | None


def _of_service(group: list[Revision]) -> list[_Found]:
    """What the deploys of one service dropped; `group` is in the order of deploying, without what never worked."""
    known = [(place, keys) for place, one in enumerate(group) if (keys := keys_of(one)) is not None]
    found = []
    for at in range(1, len(known)):
        (before_place, had), (place, has) = known[at - 1], known[at]
        for key in sorted(had.keys() - has.keys()):
            if _knows(group[place], key):
                told = _vanished(group[place], group[before_place], key, had, has)
                run = next((back for back in range(at) if key not in known[at - 1 - back][1]), at)
                again = next((group[later].revision for later, keys in known[at + 1 :] if key in keys), None)
                told = replace(told, present_in=run, unknown_between=place - before_place - 1)
                found.append(_Found(key, told, again))
    return found


def _knows(revision: Revision, key: KeyId) -> bool:
    """Whether the revision's document would tell of such a key; a container that is gone takes its own with it."""
    config = revision.config or {}
    if key.is_mounted:
        return "volumes" in config
    container = key.name.rpartition("/")[0]
    return not container or "env" in (config.get("containers") or {}).get(container, {})


def _vanished(
    revision: Revision, before: Revision, key: KeyId, had: Mapping[KeyId, dict[str, str]],
    has: Mapping[KeyId, dict[str, str]],
) -> VanishedKey:  # fmt: skip
    instants = (revision.created_ns, revision.ready_ns, revision.traffic_ns, revision.first_seen_ns)
    return VanishedKey(
        service=revision.service,
        revision=revision.revision,
        previous_revision=before.revision,
        key=key.name,
        present_in=1,
        at_ns=next((at_ns for at_ns in instants if at_ns is not None), 0),
        errors_since=False,
        project=revision.project,
        kind="mounted secret" if key.is_mounted else "variable",
        was=variable_text(had[key]),
        took_traffic=bool(revision.requests) or revision.traffic_ns is not None,
        renamed_to=_renamed(key, had, has),
        location=revision.location,
    )


def _renamed(key: KeyId, had: Mapping[KeyId, dict[str, str]], has: Mapping[KeyId, dict[str, str]]) -> str | None:
    """The one new key that refers to the same secret, or whose literal has the same hash and had it alone before."""
    held = _content(had[key])
    if held is None:
        return None
    if held[0] != "secret" and Counter(map(_content, had.values()))[held] > 1:
        return None  # a value such as `true` says nothing about which key it was
    new = [other for other in sorted(has.keys() - had.keys()) if _content(has[other]) == held]
    return (f"a mount of secret {new[0].name}" if new[0].is_mounted else new[0].name) if len(new) == 1 else None


def _content(told: Mapping[str, Any]) -> tuple[str, str] | None:
    """What a key holds, whatever its name; of a secret without its version."""
    if told.get("source") == "secret":
        return "secret", told["secret"].rpartition("/")[2]
    return (told["source"], told["hash"]) if "hash" in told else None


def _newest_keys(group: Sequence[Revision]) -> set[KeyId]:
    return next((set(keys) for one in reversed(group) if (keys := keys_of(one)) is not None), set())


def _keepers(key: KeyId, service: _Service, newest: Mapping[_Service, set[KeyId]]) -> tuple[str, ...]:
    """Other services of the project whose newest known list has the key."""
    return tuple(sorted(name for (project, name), keys in newest.items()
                        if project == service[0] and name != service[1] and key in keys))  # fmt: skip


def _leader(routings: Sequence[Routing], service: _Service) -> tuple[str, int]:
    """The revision with most of the traffic as last told, and since when; "" where routing is not known."""
    own = [one for one in routings if (one.project, one.service) == service]
    last = max(own, key=lambda one: one.at_ns, default=None)
    return (last.leader(), last.at_ns) if last else ("", 0)


def _rolled_back(found: _Found, group: Sequence[Revision], leader: tuple[str, int]) -> str | None:
    """The older revision that has the key and was given the traffic back after the deploy that dropped it."""
    name, since_ns = leader
    names = [one.revision for one in group]
    if not found.told.took_traffic or since_ns <= found.told.at_ns or name not in names:
        return None
    place = names.index(name)
    keys = keys_of(group[place]) or {}
    return name if place < names.index(found.told.revision) and found.key in keys else None


def _failed(revision: Revision) -> bool:
    return revision.failed_ns is not None and revision.ready_ns is None and not revision.requests
