"""The change ledger as JSON in one stable shape: no list ever lacks, times are RFC 3339, null is what is not known."""

from typing import Any

from classifiers.changes import Difference
from classifiers.deploys import Deploy
from classifiers.ledger import RollBack
from classifiers.platform_changes import PlatformChange
from classifiers.routing import Target
from classifiers.service_names import location_of, plain_name
from collector.records import Served
from collector.window import format_ns
from logtriage.export import json_bytes
from logtriage.ledger_rows import Deployed, LedgerRows

__all__ = ["LEDGER_FORMAT", "ledger_bytes", "ledger_json"]

LEDGER_FORMAT = 1  # grows when a key changes its meaning; new keys leave it


def ledger_bytes(rows: LedgerRows) -> bytes:
    """The ledger as it is printed."""
    return json_bytes(ledger_json(rows))


def ledger_json(rows: LedgerRows) -> dict[str, Any]:
    """`revisions`, `deploys` (failed ones among them, which are no revisions), `roll_backs` and `changes`.

    A configuration holds names, sources, versions and keyed hashes, never a value.
    """
    deployed = [row for one in rows.services for row in one.deployed]
    requests = [_request(row) for one in rows.services for row in one.deploys]
    made = [_made(row) for row in deployed if row.deploy is not None or row.is_failed]
    users = {id(change): one.service for one in rows.services for change in one.changes}
    shared = {id(change): change for one in rows.services for change in one.changes}
    shared |= {id(change): change for change in rows.changes}
    return {
        "format": LEDGER_FORMAT,
        "revisions": [_revision(row) for row in deployed if not row.is_failed],
        "deploys": sorted([*requests, *made], key=lambda one: (one["at"] or "", one["service"], one["revision"] or "")),
        "roll_backs": [_roll_back(row) for one in rows.services for row in one.roll_backs],
        "changes": [_change(one, users.get(id(one), "")) for one in sorted(shared.values(), key=lambda one: one.at_ns)],
    }


def _revision(row: Deployed) -> dict[str, Any]:
    one = row.revision
    config = one.config or {}
    return {
        "project": one.project,
        "location": one.location or None,
        "service": plain_name(one.service),
        "revision": one.revision,
        "created": _time(one.created_ns),
        "ready": _time(one.ready_ns),
        "first_seen": _time(one.first_seen_ns),
        "last_seen": _time(one.last_seen_ns),
        "deleted": _time(one.deleted_ns),
        "traffic_since": _time(one.traffic_ns),
        "traffic": [_period(period) for period in one.periods],
        "beside": list(row.beside),
        "requests": one.requests,
        "tags": list(one.tags),
        "is_pinned": one.is_pinned,
        "rolled_back_to": [_time(at_ns) for at_ns in one.rolled_back_ns],
        "doubles": one.doubles or None,
        "same_as": row.same_as or None,
        "actor": one.actor or None,
        "tool": one.tool or None,
        "image": config.get("image"),
        "commit": one.commit or None,
        "build": one.build or None,
        "repository": config.get("repository"),
        "compare": row.link,
        "before": row.before.revision if row.before else None,
        "difference": _difference(row.difference),
        "config": one.config,
        "entries": list(one.insert_ids),
    }


def _period(period: Served) -> dict[str, Any]:
    """`is_end_latest`: it ended at `to` at the latest."""
    return {
        "from": _time(period.from_ns), "to": _time(period.to_ns), "percent": period.percent,
        "is_end_latest": period.ends_by,
    }  # fmt: skip


def _difference(found: Difference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    changes = [{"type": one.type, "name": one.name, "before": one.before, "after": one.after} for one in found.changes]
    return {"label": found.label, "changes": changes, "unknown": list(found.unknown)}


def _made(row: Deployed) -> dict[str, Any]:
    """The deploy of a revision; of one that failed also where no request is known."""
    one = row.revision
    if row.deploy is None:
        told = _blank(one.project, one.service)
        told |= {"location": one.location or None, "actor": one.actor or None, "tool": one.tool or None}
        told |= {"at": _time(row.at_ns), "kind": "failed", "revision": one.revision, "message": one.failure or None}
        return told | {"entries": list(one.insert_ids)}
    told = _request(row.deploy)
    if row.is_failed:
        return told | {"kind": "failed", "message": row.deploy.message or one.failure or None}
    return told | ({"kind": "doubled"} if one.doubles else {})


def _blank(project: str, service: str) -> dict[str, Any]:
    return {
        "project": project, "location": location_of(service) or None, "service": plain_name(service), "at": None,
        "kind": "revision", "revision": None, "actor": None, "tool": None, "command": None, "code": None,
        "message": None, "repeats": None, "traffic": [], "settings": [], "entries": [],
    }  # fmt: skip


def _request(deploy: Deploy) -> dict[str, Any]:
    return _blank(deploy.project, deploy.service) | {
        "location": deploy.location or None,
        "at": _time(deploy.at_ns),
        "kind": _kind(deploy),
        "revision": deploy.revision or None,
        "actor": deploy.actor or None,
        "tool": deploy.tool or None,
        "command": deploy.command or None,
        "code": deploy.code or None,
        "message": deploy.message or None,
        "repeats": _time(deploy.repeats),
        "traffic": [_target(one) for one in deploy.targets],
        "settings": list(deploy.settings),
        "entries": list(deploy.insert_ids),
    }


def _kind(deploy: Deploy) -> str:
    """One of failed, aborted, settings, traffic, doubled, revision, requested: which revision it made is not known."""
    if deploy.outcome == "failed":
        return "aborted" if deploy.is_aborted else "failed"
    if not deploy.makes_revision:
        return "settings" if deploy.settings else "traffic"
    if deploy.repeats is not None:
        return "doubled"
    return "revision" if deploy.revision else "requested"


def _target(one: Target) -> dict[str, Any]:
    return {
        "revision": one.revision or None, "percent": one.percent, "tag": one.tag or None, "is_latest": one.is_latest
    }  # fmt: skip


def _roll_back(one: RollBack) -> dict[str, Any]:
    return {
        "project": one.project,
        "location": one.location or None,
        "service": plain_name(one.service),
        "at": _time(one.at_ns),
        "revision": one.revision,
        "withdrawn": one.withdrawn,
        "actor": one.actor or None,
        "tool": one.tool or None,
        "entries": [one.insert_id, *one.asked_by],
    }


def _change(one: PlatformChange, service: str) -> dict[str, Any]:
    return {
        "project": one.project,
        "service": plain_name(one.service or service) or None,
        "at": _time(one.at_ns),
        "ended": _time(one.ended_ns),
        "kind": one.kind,
        "what": one.what,
        "resource": one.resource,
        "secret": one.secret or None,
        "version": one.version or None,
        "actor": one.actor or None,
        "tool": one.tool or None,
        "is_system": one.is_system,
        "outcome": one.outcome,
        "entries": list(one.insert_ids),
    }


def _time(at_ns: int | None) -> str | None:
    return None if at_ns is None else format_ns(at_ns, digits=9)
