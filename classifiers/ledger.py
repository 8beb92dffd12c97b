"""The change ledger: facts and rows folded into revisions, deploys and the traffic they took.

Facts come from several places and repeat each other; here each revision is told once. What only rows prove stays in:
a revision seen in entries alone has a configuration of None, "not known". A failed deploy makes no revision.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import polars as pl
from msgspec import Struct

from classifiers.births import Key, claimed, doubles_of, with_outcomes
from classifiers.deploys import Deploy, deploys_of
from classifiers.facts import SEEN_SCHEMA, Fact, read_facts
from classifiers.order import deploy_order, in_deploy_order, is_later
from classifiers.readiness import without_overruled
from classifiers.routing import Routing, fold_routings, routings_of
from classifiers.serving import RollBack, find_roll_backs, periods_by_revision, until_newer, with_rows
from collector.records import Revision, Served
from collector.replacing import replace

__all__ = [
    "SEEN_SCHEMA",
    "ChangeLedger",
    "Deploy",
    "RollBack",
    "deploy_order",
    "fold_deploys",
    "fold_ledger",
    "fold_revisions",
    "fold_routings",
    "previous_revision",
]

_ASKED_NS = 15 * 60 * 10**9  # a roll-out takes at most as long; what is told after a deletion is of before it
_LATE_NS = 60 * 10**9  # a request is logged at most so much after what it did

_ORIGINS = ("audit_system_event", "admin_api", "describe", "audit_activity")


class ChangeLedger(Struct, frozen=True):
    """All revisions in the order of deploying, all requests to deploy by time, and the traffic as facts tell of it."""

    revisions: tuple[Revision, ...]
    deploys: tuple[Deploy, ...]
    routings: tuple[Routing, ...]
    roll_backs: tuple[RollBack, ...]


def fold_ledger(facts: pl.DataFrame, seen: pl.DataFrame) -> ChangeLedger:
    """The ledger of facts and rows; neither their order nor their repetitions matter.

    `facts` has the columns of FACT_SCHEMA, `seen` those of SEEN_SCHEMA.
    """
    rows = {
        (row["project"], row["service"], row["revision"]): row for row in seen.iter_rows(named=True) if row["revision"]
    }
    told = without_overruled(read_facts(facts, seen), rows)
    about: dict[Key, list[Fact]] = defaultdict(list)
    for fact in told:
        if fact.revision and fact.service:
            about[fact.project, fact.service, fact.revision].append(fact)
    routings = routings_of(told)
    periods = _periods(routings)
    asked = list(deploys_of(told))
    named = {_made(one) for one in asked if one.revision and one.makes_revision and one.outcome != "failed"}
    keys = sorted({*about, *rows, *periods, *named})
    found = [_revision(key, about.get(key, []), rows.get(key, {})) for key in keys]
    deploys = claimed(asked, found)
    makers = {_made(one): one for one in deploys if one.revision and one.makes_revision}
    found = [_with_deploy(one, makers.get(_key(one))) for one in found]
    found = [_with_traffic(one, periods.get(_key(one), ()), rows.get(_key(one), {})) for one in found]
    ended = with_outcomes(deploys, {_key(one): one for one in found})
    return _whole(found, ended, routings, _deletions(told))


def fold_revisions(facts: pl.DataFrame, seen: pl.DataFrame) -> tuple[Revision, ...]:
    """Every revision that a fact or a row tells of, by project and service in the order of deploying."""
    return fold_ledger(facts, seen).revisions


def fold_deploys(facts: pl.DataFrame) -> tuple[Deploy, ...]:
    """Requests to deploy, each once, by time, failed ones too; pairs meet by operation, others by nonce."""
    return fold_ledger(facts, pl.DataFrame(schema=SEEN_SCHEMA)).deploys


def previous_revision(
    revisions: Sequence[Revision], revision: Revision, routings: Sequence[Routing] = ()
) -> Revision | None:
    """The revision that served before this one first did; None where none is known.

    What routing says wins: after a roll-back that is not the one deployed just before. Else the last one deployed
    before that is known to have served; else the last that is not known to have failed.
    """
    own = [
        one for one in deploy_order(revisions, revision.service, project=revision.project) if _is_near(one, revision)
    ]
    earlier = [one for one in _before(own, revision) if not is_later(one, revision)]
    routing = _routed_before(routings, revision)
    leader = next((one for one in earlier if routing and one.revision == routing.leader()), None)
    if routing and leader and not any((one.traffic_ns or 0) > routing.told_ns for one in earlier):
        return leader  # and no other revision took traffic since
    usable = [one for one in earlier if not _never_worked(one)]
    served = [one for one in usable if one.requests or one.traffic_ns is not None]
    return next(reversed(served or usable), None)


def _is_near(one: Revision | Routing, revision: Revision) -> bool:
    """Of the same region, as far as the regions are known."""
    return not one.location or not revision.location or one.location == revision.location


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
    own = sorted((one for one in own if _is_near(one, revision)), key=lambda one: one.at_ns)
    first_share = next((place for place, one in enumerate(own) if one.share(revision.revision)), None)
    if first_share is not None:
        return own[first_share - 1] if first_share else None
    start = revision.created_ns
    return next((one for one in reversed(own) if start is not None and one.at_ns <= start), None)


def _key(revision: Revision) -> Key:
    return revision.project, revision.service, revision.revision


def _made(deploy: Deploy) -> Key:
    return deploy.project, deploy.service, deploy.revision


def _periods(routings: Sequence[Routing]) -> dict[Key, list[Served]]:
    periods: dict[Key, list[Served]] = {}
    for (project, service, _), group in groupby(routings, key=lambda one: (one.project, one.service, one.location)):
        for revision, served in periods_by_revision(list(group)).items():
            periods[project, service, revision] = [*periods.get((project, service, revision), ()), *served]
    return periods


def _revision(key: Key, facts: list[Fact], row: dict[str, Any]) -> Revision:
    """One revision out of all that facts and rows tell of it itself."""
    first = {kind: min((fact.at_ns for fact in facts if fact.kind == kind), default=None) for kind in _INSTANTS}
    best = sorted((fact for fact in facts if fact.kind in {"created", "spec"}), key=_rank)
    config = _config([fact.detail.get("config") for fact in best if fact.kind == "spec"])
    failure = next((fact.detail for fact in facts if fact.kind == "failed"), {})
    return Revision(
        project=key[0],
        service=key[1],
        revision=key[2],
        created_ns=first["created"],
        ready_ns=first["ready"],
        failed_ns=first["failed"],
        first_seen_ns=row.get("first_ns"),
        last_seen_ns=row.get("last_ns"),
        traffic_ns=None,
        requests=row.get("requests") or 0,
        config=config,
        actor=next((fact.actor for fact in best if fact.actor), ""),
        tool=next((fact.tool for fact in best if fact.tool), ""),
        insert_ids=tuple(dict.fromkeys(fact.insert_id for fact in facts)),
        location=next((fact.location for fact in facts if fact.location), row.get("location") or ""),
        deleted_ns=first["deleted"],
        failure=str(failure.get("message") or failure.get("reason") or ""),
    )


_INSTANTS = ("created", "ready", "failed", "deleted")


def _rank(fact: Fact) -> tuple[bool, bool, int, int, str]:
    """How far a fact is from the best source, the server's full answer about the revision itself."""
    place = _ORIGINS.index(fact.origin) if fact.origin in _ORIGINS else len(_ORIGINS)
    detail = fact.detail
    is_about_itself = fact.kind == "created" or detail.get("of") == "revision"
    return (not detail.get("complete", fact.kind == "created"), not is_about_itself, place, fact.at_ns, fact.insert_id)


def _config(best: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Every key from the best source that knows it; a revision never changes, so sources only add to each other."""
    config: dict[str, Any] = {}
    for one in best:
        for name, value in (one or {}).items():
            config.setdefault(name, value)
    return config or None


def _with_deploy(revision: Revision, deploy: Deploy | None) -> Revision:
    """What the request that made it adds: who and with what, and what it asked for where no answer tells it."""
    if deploy is None:
        return _with_origin(revision)
    created = revision.created_ns
    if created is None:  # the request came before it, however late the log that tells of it is
        created = deploy.at_ns if revision.first_seen_ns is None else min(deploy.at_ns, revision.first_seen_ns)
    return _with_origin(
        replace(
            revision,
            created_ns=created,
            config=_config([revision.config, deploy.config]),
            actor=deploy.actor or revision.actor,
            tool=deploy.tool or revision.tool,
            insert_ids=tuple(dict.fromkeys([*revision.insert_ids, *deploy.insert_ids])),
            location=revision.location or deploy.location,
            failure=revision.failure or (deploy.message if deploy.outcome == "failed" else ""),
        )
    )


def _with_origin(revision: Revision) -> Revision:
    config = revision.config or {}
    return replace(revision, commit=str(config.get("commit") or ""), build=str(config.get("build") or ""))


def _with_traffic(revision: Revision, served: Sequence[Served], row: dict[str, Any]) -> Revision:
    """When it took requests, by routing and by its rows."""
    first_ns = row.get("first_request_ns")
    periods = with_rows(served, first_ns=first_ns, last_ns=row.get("last_request_ns"), created_ns=revision.created_ns)
    begun = [*(one.from_ns for one in periods[:1]), *([first_ns] if first_ns is not None else [])]
    since = min(begun, default=None)
    if since is not None and revision.created_ns is not None:
        since = max(since, revision.created_ns)
    return replace(revision, periods=periods, traffic_ns=since)


def _deletions(facts: list[Fact]) -> list[Fact]:
    """Deletions of whole services, and of revisions whose service the audit log did not tell."""
    return [fact for fact in facts if fact.kind == "deleted" and not (fact.revision and fact.service)]


def _whole(
    found: list[Revision], deploys: list[Deploy], routings: tuple[Routing, ...], deletions: list[Fact]
) -> ChangeLedger:
    """What only the sight of all revisions together tells: order, roll-backs, tags, deletions, repetitions."""
    ordered = in_deploy_order(found)
    places = {_key(one): place for place, one in enumerate(ordered)}
    roll_backs = [_asked_by(one, deploys) for one in find_roll_backs(routings, places)]
    returned: dict[Key, list[int]] = defaultdict(list)
    for one in roll_backs:
        returned[one.project, one.service, one.revision].append(one.at_ns)
    doubles = doubles_of(deploys)
    tags, pins = _tags(routings, deploys), _pins(routings)
    revisions = tuple(
        replace(
            one,
            rolled_back_ns=tuple(returned.get(_key(one), ())),
            tags=tags.get(_key(one), ()),
            is_pinned=pins.get(_key(one)),
            doubles=doubles.get(_key(one), ""),
            deleted_ns=_deleted_ns(one, deletions),
        )
        for one in ordered
    )
    revisions = tuple(_until_deleted(one) for one in until_newer(revisions, routings))
    by_time = sorted(deploys, key=lambda one: (one.at_ns, one.project, one.service, one.insert_ids))
    return ChangeLedger(revisions, tuple(by_time), routings, tuple(roll_backs))


def _asked_by(roll_back: RollBack, deploys: Iterable[Deploy]) -> RollBack:
    """The roll-back with who asked for it: the last request before it that gave the revision a share by name."""
    start_ns, end_ns = roll_back.at_ns - _ASKED_NS, roll_back.at_ns + _LATE_NS
    asked = [
        one
        for one in deploys
        if (one.project, one.service) == (roll_back.project, roll_back.service)
        and one.outcome != "failed"
        and (roll_back.insert_id in one.insert_ids or start_ns <= one.at_ns <= end_ns)
        and any(target.percent and target.revision == roll_back.revision for target in one.targets)
    ]
    last = max(asked, key=lambda one: one.at_ns, default=None)
    return replace(roll_back, actor=last.actor, tool=last.tool, asked_by=last.insert_ids) if last else roll_back


def _until_deleted(revision: Revision) -> Revision:
    """The revision without traffic after its deletion, unless its rows say that it was made anew."""
    end_ns = revision.deleted_ns
    if end_ns is None or (revision.last_seen_ns or 0) > end_ns + _ASKED_NS:
        return revision
    kept = (one for one in revision.periods if one.from_ns < end_ns)
    periods = tuple(replace(one, to_ns=end_ns if one.to_ns is None else min(one.to_ns, end_ns)) for one in kept)
    return replace(revision, periods=periods)


def _tags(routings: Iterable[Routing], deploys: Iterable[Deploy]) -> Mapping[Key, tuple[str, ...]]:
    """Tags that each revision ever had or was asked to have."""
    tags: dict[Key, dict[str, None]] = defaultdict(dict)
    told: list[Routing | Deploy] = [*routings, *(deploy for deploy in deploys if deploy.outcome != "failed")]
    for one in told:
        for target in one.targets:
            if target.tag and target.revision:
                tags[one.project, one.service, target.revision][target.tag] = None
    return {key: tuple(sorted(names)) for key, names in tags.items()}


def _pins(routings: Iterable[Routing]) -> Mapping[Key, bool]:
    """Whether each revision that has or had a share got it by name, as it was told last; not there: never told."""
    return {
        (one.project, one.service, target.revision): not target.is_latest
        for one in routings
        for target in one.targets
        if target.percent and target.is_latest is not None
    }


def _deleted_ns(revision: Revision, deletions: Iterable[Fact]) -> int | None:
    """When it was taken away, alone or with its service; a revision that came later belongs to a new service."""
    known = [at_ns for at_ns in (revision.created_ns, revision.first_seen_ns) if at_ns is not None]
    for fact in deletions:
        is_it = fact.revision == revision.revision if fact.revision else fact.service == revision.service
        is_region = "" in {fact.location, revision.location} or fact.location == revision.location
        is_near = fact.project == revision.project and is_region
        if is_it and is_near and (not known or min(known) <= fact.at_ns) and revision.deleted_ns is None:
            return fact.at_ns
    return revision.deleted_ns
