"""The change ledger: facts and rows folded into revisions, deploys and the traffic they took.

Facts come from several places and repeat each other; here each revision is told once. What only rows prove stays in:
a revision seen in entries alone has a configuration of None, "not known". A failed deploy makes no revision.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from classifiers.deploys import Deploy, deploys_of, fold_deploys
from classifiers.facts import SEEN_SCHEMA, Fact, read_facts
from classifiers.order import deploy_order, in_deploy_order
from classifiers.routing import Routing, fold_routings
from collector.records import Revision

__all__ = [
    "SEEN_SCHEMA",
    "Deploy",
    "deploy_order",
    "fold_deploys",
    "fold_revisions",
    "fold_routings",
    "previous_revision",
]

_ORIGINS = ("audit_system_event", "admin_api", "describe", "audit_activity")
_Key = tuple[str, str, str]


def fold_revisions(facts: pl.DataFrame, seen: pl.DataFrame) -> tuple[Revision, ...]:
    """Every revision that a fact or a row tells of, by project and service in the order of deploying.

    `facts` has the columns of FACT_SCHEMA, `seen` those of SEEN_SCHEMA; the order of their rows does not matter.
    """
    told = read_facts(facts, seen)
    about: dict[_Key, list[Fact]] = defaultdict(list)
    for fact in told:
        if fact.revision:
            about[fact.project, fact.service, fact.revision].append(fact)
    rows = {
        (row["project"], row["service"], row["revision"]): row for row in seen.iter_rows(named=True) if row["revision"]
    }
    deploys = {
        (deploy.project, deploy.service, deploy.revision): deploy
        for deploy in deploys_of(told)
        if deploy.makes_revision
    }
    served = _first_traffic(told)
    keys = sorted(
        {*about, *rows, *served, *(key for key, deploy in deploys.items() if key[2] and deploy.outcome != "failed")}
    )
    revisions = [
        _revision(key, about.get(key, []), rows.get(key, {}), deploys.get(key), served.get(key)) for key in keys
    ]
    return tuple(in_deploy_order(revisions))


def previous_revision(
    revisions: Sequence[Revision], revision: Revision, routings: Sequence[Routing] = ()
) -> Revision | None:
    """The revision that served before this one first did; None where none is known.

    What routing says wins: after a roll-back that is not the one deployed just before. Else the last one deployed
    before that is known to have served; else the last that is not known to have failed.
    """
    earlier = _before(deploy_order(revisions, revision.service, project=revision.project), revision)
    routing = _routed_before(routings, revision)
    leader = next((one for one in earlier if routing and one.revision == routing.leader()), None)
    if routing and leader and not any((one.traffic_ns or 0) > routing.told_ns for one in earlier):
        return leader  # and no other revision took traffic since
    usable = [one for one in earlier if not _never_worked(one)]
    served = [one for one in usable if one.requests or one.traffic_ns is not None]
    return next(reversed(served or usable), None)


def _before(ordered: Iterable[Revision], revision: Revision) -> list[Revision]:
    found: list[Revision] = []
    for one in ordered:
        if one.revision == revision.revision:
            return found
        found.append(one)
    return found


def _never_worked(revision: Revision) -> bool:
    return revision.failed_ns is not None and revision.ready_ns is None and not revision.requests


def _routed_before(routings: Sequence[Routing], revision: Revision) -> Routing | None:
    """The last routing told before this revision had a share of its own."""
    own = [one for one in routings if (one.project, one.service) == (revision.project, revision.service)]
    own.sort(key=lambda one: one.at_ns)
    first_share = next((place for place, one in enumerate(own) if one.share(revision.revision)), None)
    if first_share is not None:
        return own[first_share - 1] if first_share else None
    start = revision.created_ns
    return next((one for one in reversed(own) if start is not None and one.at_ns <= start), None)


def _revision(
    key: _Key, facts: list[Fact], row: dict[str, Any], deploy: Deploy | None, served_ns: int | None
) -> Revision:
    """One revision out of all that is told of it."""
    first = {kind: min((fact.at_ns for fact in facts if fact.kind == kind), default=None) for kind in _INSTANTS}
    created = first["created"] if first["created"] is not None or deploy is None else deploy.at_ns
    best = sorted((fact for fact in facts if fact.kind in {"created", "spec"}), key=_rank)
    taken = [at_ns for at_ns in (served_ns, row.get("first_request_ns")) if at_ns is not None]
    since = min(taken, default=None)
    return Revision(
        project=key[0],
        service=key[1],
        revision=key[2],
        created_ns=created,
        ready_ns=first["ready"],
        failed_ns=first["failed"],
        first_seen_ns=row.get("first_ns"),
        last_seen_ns=row.get("last_ns"),
        traffic_ns=since if since is None or created is None else max(since, created),
        requests=row.get("requests") or 0,
        config=_config(best, deploy),
        actor=(deploy.actor if deploy else "") or next((fact.actor for fact in best if fact.actor), ""),
        tool=(deploy.tool if deploy else "") or next((fact.tool for fact in best if fact.tool), ""),
        insert_ids=tuple(dict.fromkeys([*(fact.insert_id for fact in facts), *(deploy.insert_ids if deploy else ())])),
    )


_INSTANTS = ("created", "ready", "failed")


def _rank(fact: Fact) -> tuple[bool, bool, int, int, str]:
    """How far a fact is from the best source, the server's full answer about the revision itself."""
    place = _ORIGINS.index(fact.origin) if fact.origin in _ORIGINS else len(_ORIGINS)
    detail = fact.detail
    is_about_itself = fact.kind == "created" or detail.get("of") == "revision"
    return (not detail.get("complete", fact.kind == "created"), not is_about_itself, place, fact.at_ns, fact.insert_id)


def _config(best: list[Fact], deploy: Deploy | None) -> dict[str, Any] | None:
    """Every key from the best source that knows it; a revision never changes, so sources only add to each other."""
    config: dict[str, Any] = {}
    told = [fact.detail.get("config") for fact in best if fact.kind == "spec"]
    for one in (*told, deploy.config if deploy else None):
        for name, value in (one or {}).items():
            config.setdefault(name, value)
    return config or None


def _first_traffic(facts: list[Fact]) -> dict[_Key, int]:
    """When routing first gave a revision a share, by revision."""
    first: dict[_Key, int] = {}
    for fact in facts:
        if fact.kind == "traffic":
            since = fact.detail.get("since_ns")
            at_ns = min(fact.at_ns, since) if isinstance(since, int) else fact.at_ns
            for target in fact.detail.get("targets", ()):
                key = (fact.project, fact.service, target["revision"])
                if target["percent"] and key[2]:
                    first[key] = min(at_ns, first.get(key, at_ns))
    return first
