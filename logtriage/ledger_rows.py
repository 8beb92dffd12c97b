"""The change ledger in order for a reader: what each revision is compared with, what belongs to which service."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from msgspec import Struct

from classifiers.changes import Difference, difference
from classifiers.commits import compare_link
from classifiers.deploys import Deploy
from classifiers.ledger import ChangeLedger, RollBack
from classifiers.order import is_later
from classifiers.platform_changes import PlatformChange
from classifiers.routing import Routing
from classifiers.service_names import plain_name
from collector.records import Revision
from collector.replacing import replace
from logtriage.errors import ConfigError
from logtriage.escape import plain

__all__ = ["Deployed", "LedgerRows", "ServiceRows", "only", "order_ledger"]

_UNTOLD = frozenset({"api", "image_tag", "commit", "build", "repository"})  # say nothing of how a revision runs
_NAMES_SHOWN = 8
_BESIDE_NS = 60 * 10**9  # shorter overlaps are requests that a revision finished


class Deployed(Struct, frozen=True):
    """A revision, the one deployed before it that did not fail, and what is different. `same_as`: an older one.

    `is_first`: none of the service stands before it. `is_early`: it stands before one that was seen earlier.
    """

    revision: Revision
    before: Revision | None
    difference: Difference | None
    link: str | None
    same_as: str
    beside: tuple[str, ...]  # others that served at the same time
    deploy: Deploy | None
    is_first: bool = True
    is_early: bool = False

    @property
    def at_ns(self) -> int:
        """When it came to be, as well as that is known."""
        one = self.revision
        known = (one.created_ns, one.ready_ns, one.failed_ns, one.traffic_ns, one.first_seen_ns)
        return next((at_ns for at_ns in known if at_ns is not None), 0)

    @property
    def is_failed(self) -> bool:
        """Whether it is a failed deploy rather than a revision: it never got ready, and took no request."""
        return self.revision.failed_ns is not None and self.revision.ready_ns is None and not self.revision.requests


class ServiceRows(Struct, frozen=True):
    """One service of one project: its revisions, requests that made none, roll-backs, changes that concern it alone.

    `tagged` are tags of revisions of which nothing else is known, with their names.
    """

    project: str
    service: str
    deployed: tuple[Deployed, ...]
    deploys: tuple[Deploy, ...]
    roll_backs: tuple[RollBack, ...]
    changes: tuple[PlatformChange, ...]
    tagged: tuple[tuple[str, str], ...] = ()


class LedgerRows(Struct, frozen=True):
    """Services by project and name, then the changes that concern no service of them alone."""

    services: tuple[ServiceRows, ...]
    changes: tuple[PlatformChange, ...]


def order_ledger(
    ledger: ChangeLedger, changes: Iterable[PlatformChange], *, repositories: Mapping[str, str]
) -> LedgerRows:
    """All of the ledger, by service; a secret's change stands with each service whose revisions read it."""
    names = {(one.project, one.service) for one in ledger.revisions}
    names |= {(one.project, one.service) for one in ledger.deploys}
    grouped: dict[tuple[str, str], list[Revision]] = defaultdict(list)
    for one in ledger.revisions:
        grouped[one.project, one.service].append(one)
    told = tuple(changes)
    services = []
    for project, service in sorted(names):
        revisions = grouped[project, service]
        own = [one for one in ledger.deploys if (one.project, one.service) == (project, service)]
        secrets = {name for one in revisions for name in _secrets(one.config)}
        made = {one.revision for one in own if one.revision and one.makes_revision}
        services.append(
            ServiceRows(
                project,
                service,
                _deployed(revisions, own, repositories),
                tuple(one for one in own if not (one.revision in made and one.makes_revision)),
                tuple(one for one in ledger.roll_backs if (one.project, one.service) == (project, service)),
                tuple(one for one in told if one.project == project and _concerns(one, service, secrets)),
                _tagged(ledger, (project, service), {one.revision for one in revisions}),
            )
        )
    taken = {id(one) for service in services for one in service.changes}
    return LedgerRows(tuple(services), tuple(one for one in told if id(one) not in taken))


def _tagged(ledger: ChangeLedger, place: tuple[str, str], known: set[str]) -> tuple[tuple[str, str], ...]:
    """Tags that traffic gives to revisions which neither a fact nor a row tells of."""
    told: list[Routing | Deploy] = [*ledger.routings, *(one for one in ledger.deploys if one.outcome != "failed")]
    targets = [target for one in told if (one.project, one.service) == place for target in one.targets]
    return tuple(
        sorted({(one.tag, one.revision) for one in targets if one.tag and one.revision and one.revision not in known})
    )


def only(rows: LedgerRows, *, service: str | None = None, since_ns: int | None = None) -> LedgerRows:
    """The rows of one service, and those since an instant; a revision that still served then is among them.

    Raises ConfigError with near names where none of the services has that name.
    """
    services = [one for one in rows.services if service in (None, one.service, plain_name(one.service))]
    if rows.services and not services:
        raise ConfigError(_unknown(str(service), sorted({one.service for one in rows.services})))
    if since_ns is None:
        return replace(rows, services=tuple(services))
    kept = [
        replace(
            one,
            deployed=tuple(row for row in one.deployed if row.at_ns >= since_ns or _served_since(row, since_ns)),
            deploys=tuple(row for row in one.deploys if row.at_ns >= since_ns),
            roll_backs=tuple(row for row in one.roll_backs if row.at_ns >= since_ns),
            changes=tuple(row for row in one.changes if row.at_ns >= since_ns),
        )
        for one in services
    ]
    told = tuple(one for one in kept if one.deployed or one.deploys or one.roll_backs or one.changes)
    return LedgerRows(told, tuple(one for one in rows.changes if one.at_ns >= since_ns))


def _unknown(service: str, known: list[str]) -> str:
    near = difflib.get_close_matches(service, known, n=_NAMES_SHOWN, cutoff=0.5)
    names = [plain(name, 80) for name in near or known]
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    told = f"{'Near' if near else 'Its services'}: {', '.join(names[:_NAMES_SHOWN])}{more}"
    return f"There is no service `{plain(service, 80)}` in this store. {told}. See `logtriage revisions`."


def _served_since(row: Deployed, since_ns: int) -> bool:
    one = row.revision
    is_seen = one.last_seen_ns is not None and one.last_seen_ns >= since_ns
    return is_seen or any(period.to_ns is None or period.to_ns > since_ns for period in one.periods)


def _deployed(
    revisions: list[Revision], deploys: list[Deploy], repositories: Mapping[str, str]
) -> tuple[Deployed, ...]:
    """Revisions of one service in deploy order, each compared with the one before it in its region."""
    makers = {one.revision: one for one in deploys if one.revision and one.makes_revision}
    earlier: list[Revision] = []
    alike: dict[bytes, str] = {}
    found = []
    for place, one in enumerate(revisions):
        near = [other for other in earlier if _is_near(one, other)]
        before = next((other for other in reversed(near) if not is_later(other, one)), None)
        shape = _shape(one.config)
        same = alike.get(shape, "") if shape else ""
        row = Deployed(
            one,
            before,
            difference(before, one) if before else None,
            compare_link(before, one, repositories) if before else None,
            "" if before and same == before.revision else same,
            tuple(other.revision for other in revisions if other is not one and _is_beside(one, other)),
            makers.get(one.revision),
            is_first=not near,
            is_early=any(is_later(one, other) for other in revisions[place + 1 :]),
        )
        found.append(row)
        if not row.is_failed:
            earlier.append(one)
            if shape:
                alike[shape] = one.revision
    return tuple(found)


def _is_near(one: Revision, other: Revision) -> bool:
    """Of one region, as far as the regions are known."""
    return "" in {one.location, other.location} or one.location == other.location


def _shape(config: dict[str, Any] | None) -> bytes:
    """A configuration as one text, where it is known well enough to be called equal to another."""
    if not config or "@" not in str(config.get("image", "")) or config.get("env") is None:
        return b""
    told = {key: value for key, value in config.items() if key not in _UNTOLD}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _is_beside(one: Revision, other: Revision) -> bool:
    """Whether both took traffic for longer than a hand-over lasts, in one region."""
    if not _is_near(one, other):
        return False
    for mine in one.periods:
        for theirs in other.periods:
            start = max(mine.from_ns, theirs.from_ns)
            ends = [period.to_ns for period in (mine, theirs) if period.to_ns is not None]
            is_shared = mine.percent != 100 or theirs.percent != 100  # noqa: PLR2004 - all of the traffic
            if is_shared and (not ends or min(ends) - start > _BESIDE_NS):
                return True
    return False


def _concerns(change: PlatformChange, service: str, secrets: set[str]) -> bool:
    return change.service == service or bool(change.secret and change.secret in secrets)


def _secrets(config: dict[str, Any] | None) -> Iterable[str]:
    """Names of the secrets that a revision reads, in variables of any container and in volumes."""
    config = config or {}
    lists = [part.get("env") for part in (config, *(config.get("containers") or {}).values())]
    for one in (*(one for told in lists for one in (told or {}).values()), *(config.get("volumes") or {}).values()):
        if one.get("secret"):
            yield str(one["secret"]).rpartition("/")[2]
