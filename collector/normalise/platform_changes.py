"""Changes that are no deploy, as the audit log shows them: secret versions, IAM, databases, caches, networks.

Generic by service and method: every audited call that is not a reading becomes a `change` fact. Its `detail`:

    {"service_name": "secretmanager.googleapis.com", "method": "AddSecretVersion", "resource": full name,
     "secret", "version": where the resource is a secret, else "",
     "bindings": [{"action": "ADD" | "REMOVE" | "SET", "role", "member"}], people as <email:HASH>,
     "outcome": "requested" | "succeeded" | "failed", "code", "message", "operation"}

The fact's service is the Cloud Run service it is about, "" when it is about none.
"""

import re
from typing import Any

from collector.normalise.specs import Provenance, fact
from collector.normalise.untrusted import at, items, mapping, text

__all__ = ["change_facts"]

_READING = re.compile(
    r"(?i:(?:batch)?(?:get|list|access|search|query|test|read|check|watch|lookup|fetch|export|view|run|log))"
    r"(?=[A-Z0-9_]|\Z)"
)
_SECRET = re.compile(r"/secrets/([^/]+)(?:/versions/([^/]+))?\Z")
_MOST_BINDINGS = 50  # of one call; a policy may hold 1,500 members


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
    detail = {
        **said,
        "service_name": text(payload.get("serviceName")),
        "resource": names[2],
        "secret": secret[1] if secret else "",
        "version": (secret[2] or "") if secret else "",
        "bindings": _bindings(payload, provenance),
    }
    return fact(provenance, "change", detail, at_ns=provenance.at_ns)


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
