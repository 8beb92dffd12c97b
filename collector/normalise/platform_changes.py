"""Changes that are no deploy, as the audit log shows them: secret versions, IAM, databases, caches, networks.

Generic by service and method: every audited call that is not a reading becomes a `change` fact. Its `detail`:

    {"service_name": "secretmanager.googleapis.com", "method": "AddSecretVersion", "call": the method's full name,
     "resource": full name, "secret", "version": where the resource is a secret, else "",
     "bindings": [{"action": "ADD" | "REMOVE" | "SET", "role", "member"}], people as <email:HASH>,
     "start_ns", "end_ns": of the work that a system event or the maintenance log tells of, null unknown,
     "outcome": "requested" | "succeeded" | "failed", "code", "message", "operation"}

The fact's service is the Cloud Run service it is about, "" when it is about none. A deletion of a Cloud Run service or
revision is a `deleted` fact as well: revision "" where all revisions of the service went.

The maintenance log (`maintenance.googleapis.com/maintenance_events`) is no audit log, but tells of maintenance of
databases and caches in the same words for all of them; every state of one maintenance has the same `operation`.
"""

import re
from typing import Any

from collector.normalise.specs import Provenance, fact
from collector.normalise.untrusted import at, instant_ns, items, mapping, text
from collector.replacing import replace

__all__ = ["change_facts", "deletion_facts", "is_maintenance", "maintenance_facts", "maintenance_state"]

# connections and tokens are use, although the audit log counts some of them as writing; a data access log is no change
_READING = re.compile(
    r"(?i:(?:batch)?(?:get|list|access|search|query|test|read|check|watch|lookup|fetch|view|run|log|connect|generate|"
    r"createephemeral|execute))(?=[A-Z0-9_]|\Z)"
)
_DELETION = re.compile(r"Delete(?:Internal)?(Service|Revision)\Z")
_RUN_PATH = re.compile(r"/(services|revisions)/([^/]+)\Z")
_SECRET = re.compile(r"/secrets/([^/]+)(?:/versions/([^/]+))?\Z")
_MOST_BINDINGS = 50  # of one call; a policy may hold 1,500 members
_STARTS = ("backupStartTime", "maintenanceStartTime", "startTime", "maintenanceScheduledStartTime", "windowStartTime")
_ENDS = ("backupCompletionTime", "maintenanceEndTime", "endTime", "maintenanceScheduledEndTime", "windowEndTime")
_ASSETS = {"sqladmin": "cloudsql"}  # an asset's API where the audit log spells it otherwise


def change_facts(
    payload: dict[str, Any], method: str, said: dict[str, Any], provenance: Provenance
) -> list[dict[str, Any]]:
    """One `change` fact, or none for a call that only reads. `said` is what the call tells of its outcome."""
    if not method or _READING.match(method):
        return []
    names = (
        text(at(payload, "response", "name")),
        text(at(payload, "request", "name")),
        text(payload.get("resourceName")),
    )
    secret = next((found for found in map(_SECRET.search, names) if found), None)
    service_name = text(payload.get("serviceName"))
    detail = {
        **said,
        "service_name": service_name,
        "call": text(payload.get("methodName")),
        "resource": names[2],
        "secret": secret[1] if secret else "",
        "version": (secret[2] or "") if secret else "",
        "bindings": _bindings(payload, provenance),
        **_times(mapping(payload.get("metadata"))),
    }
    is_ours = service_name in {"", "run.googleapis.com"} or "/services/" not in names[2]
    return fact(provenance if is_ours else replace(provenance, service=""), "change", detail, at_ns=provenance.at_ns)


def deletion_facts(
    payload: dict[str, Any], method: str, said: dict[str, Any], provenance: Provenance
) -> list[dict[str, Any]]:
    """A `deleted` fact where a call took a Cloud Run service or revision away; none for a call that was refused.

    An audit entry of v1 may tell the revision's name and not the service's, which is "" then.
    """
    path = _RUN_PATH.search(text(payload.get("resourceName")))
    if not _DELETION.match(method) or said["outcome"] == "failed" or path is None:
        return []
    revision = path[2] if path[1] == "revisions" else ""
    service = provenance.service if revision else path[2]
    return fact(replace(provenance, service=service), "deleted", {}, at_ns=provenance.at_ns, revision=revision)


def is_maintenance(payload: dict[str, Any]) -> bool:
    """Whether this is a payload of the maintenance log."""
    return text(payload.get("@type")).endswith("ResourceMaintenanceLog")


def maintenance_state(payload: dict[str, Any]) -> str:
    """`scheduled`, `started`, `succeeded`, ...: the state that the maintenance log tells of; "" where it tells none."""
    return text(payload.get("state")).lower()


def maintenance_facts(payload: dict[str, Any], provenance: Provenance) -> list[dict[str, Any]]:
    """One `change` fact of the maintenance log."""
    resource = mapping(payload.get("resource"))
    kind = text(resource.get("type")).partition(".")[0]
    state = maintenance_state(payload)
    detail: dict[str, Any] = {
        "service_name": f"{_ASSETS.get(kind, kind) or 'maintenance'}.googleapis.com",
        "method": "maintenance",
        "call": "maintenance",
        "resource": text(resource.get("resourceName")),
        "secret": "",
        "version": "",
        "bindings": [],
        "code": 0,
        "message": state,
        "operation": text(payload.get("name")),
        "outcome": {"succeeded": "succeeded", "completed": "succeeded", "cancelled": "failed", "failed": "failed"}.get(
            state, "requested"
        ),
        **_times(payload),
    }
    return fact(replace(provenance, service=""), "change", detail, at_ns=provenance.at_ns)


def _times(told: dict[str, Any]) -> dict[str, int | None]:
    """When the work began and ended; the time it is planned for counts where it has not begun."""
    starts, ends = (
        next((found for found in (instant_ns(told.get(name)) for name in names) if found is not None), None)
        for names in (_STARTS, _ENDS)
    )
    return {"start_ns": starts, "end_ns": ends}


def _bindings(payload: dict[str, Any], provenance: Provenance) -> list[dict[str, str]]:
    """What a call changed in an IAM policy; the whole policy it set where the audit log tells no delta."""
    for place in ("serviceData", "metadata"):
        deltas = items(at(payload, place, "policyDelta", "bindingDeltas"))
        if deltas:
            told = [(text(one.get("action")), text(one.get("role")), text(one.get("member"))) for one in deltas]
            return _redacted(told, provenance)
    policy = mapping(at(payload, "request", "policy"))
    told = [
        ("SET", text(one.get("role")), text(member))
        for one in items(policy.get("bindings"))
        if isinstance(one.get("members"), list)
        for member in one["members"]
    ]
    return _redacted(told, provenance)


def _redacted(told: list[tuple[str, str, str]], provenance: Provenance) -> list[dict[str, str]]:
    return [
        {"action": action, "role": role, "member": provenance.redactor.text(member)}
        for action, role, member in told[:_MOST_BINDINGS]
    ]
