"""Audit entries become one sentence, a small summary and facts; no configuration value leaves the entry.

Known by shape, not by name: v1 and v2 calls, calls of Cloud Functions' internal service, system events, and the
python-client's form (the payload under jsonPayload, whole numbers as floats). Facts beside those of specs.py have
these keys in `detail`:

    deploy    {"method", "command": gcloud's own, "" unknown; "outcome": "requested" | "succeeded" | "failed";
               "code", "message"; "operation": id of the long-running pair, "" none; "nonce";
               "makes_revision": false where only traffic moves; "revision": name that the template asked for, else
               of the revision it made, "" unknown; "targets": traffic asked for; "settings": parts of the
               service that alone are changed where neither revision nor traffic is; "config": as far as the request
               tells it, null nothing; "project_number"}
    failed    {"message", "reason", "code"}: a system event that says that a revision is not ready
    change    see platform_changes.py: a change that is no deploy
    deleted   {}: a revision, or with revision "" all of a service, was taken away

A failed deploy is a `deploy` with outcome failed and is no revision. A system event about a Revision is the best
source of all; an activity entry's request often lacks lists, so its configuration is never complete.
"""

import re
from typing import Any

from msgspec import Struct

from collector.normalise.configuration import canonical_config
from collector.normalise.platform_changes import (
    change_facts,
    deletion_facts,
    is_maintenance,
    maintenance_facts,
    maintenance_state,
)
from collector.normalise.redact import Redactor
from collector.normalise.specs import Provenance, document_facts, document_kind, fact, nonce_of
from collector.normalise.untrusted import at, flag, instant_ns, items, mapping, text, whole
from collector.replacing import replace

__all__ = ["AuditReading", "audit_payload", "read_audit"]

_DEPLOY = re.compile(r"(?:Create|Replace|Update|Patch)(?:Internal)?Service\Z")
_COMMAND = re.compile(r"\bcommand/([\w.\-]+)")
_READY = re.compile(r"condition status changed to (True|False)\b")
_REVISION_PATH = re.compile(r"/revisions/([^/]+)\Z")
_TEMPLATE = frozenset({"template", "buildConfig", "*"})  # parts of a v2 Service of which a revision is made
_PRODUCT = re.compile(r"[A-Za-z][\w.\-]*")
_TOOLS = (("gcloud/", "gcloud"), ("terraform", "terraform"), ("pulumi", "pulumi"), ("mozilla/", "console"))


class AuditReading(Struct, frozen=True):
    """What one audit entry says: a redacted sentence, a summary without configuration values, rows of FACT_SCHEMA."""

    message: str
    payload: dict[str, Any]
    facts: list[dict[str, Any]]


class _Call(Struct, frozen=True):
    """One audited call, its texts redacted."""

    service_name: str
    method: str  # the last part: ReplaceService
    resource: str
    principal: str
    command: str
    code: int  # 0: no error
    status: str
    operation: str
    is_first: bool
    is_last: bool
    is_system: bool
    reads_data: bool
    payload: dict[str, Any]

    @property
    def outcome(self) -> str:
        """Of a deploy or change as far as this entry knows."""
        if self.code:
            return "failed"
        is_done = self.is_last or self.is_system or (not self.is_first and bool(mapping(self.payload.get("response"))))
        return "succeeded" if is_done else "requested"


def audit_payload(entry: dict[str, Any]) -> dict[str, Any]:
    """The audit log payload of an entry, wherever its exporter put it; empty when the entry is no audit entry."""
    for key in ("protoPayload", "jsonPayload"):
        payload = mapping(entry.get(key))
        if text(payload.get("@type")).endswith("audit.AuditLog") or (
            text(payload.get("methodName")) and (text(payload.get("serviceName")) or key == "protoPayload")
        ):
            return payload
    return {}


def read_audit(entry: dict[str, Any], *, redactor: Redactor, insert_id: str | None = None) -> AuditReading:
    """What an audit entry says; odd or partial payloads give fewer facts, never an error.

    `insert_id` is the identity of the stored entry where it differs from the entry's own insertId.
    """
    call = _call(entry, redactor)
    provenance = _provenance(entry, call, redactor, insert_id)
    payload = mapping(entry.get("jsonPayload"))
    if is_maintenance(payload):
        return _maintenance(payload, replace(provenance, origin="audit_system_event"))
    return AuditReading(redactor.text(_sentence(call)), _summary(call, provenance), _facts(call, provenance))


def _maintenance(payload: dict[str, Any], provenance: Provenance) -> AuditReading:
    """What an entry of the maintenance log says."""
    redact = provenance.redactor.text
    resource = redact(text(at(payload, "resource", "resourceName")))
    state = redact(maintenance_state(payload))
    told = {"service_name": "maintenance.googleapis.com", "resource": resource, "status": state}
    sentence = f"Maintenance of {'/'.join(resource.split('/')[-2:]) or 'a resource'}: {state or 'state not told'}"
    return AuditReading(
        sentence, {key: value for key, value in told.items() if value}, maintenance_facts(payload, provenance)
    )


def _facts(call: _Call, provenance: Provenance) -> list[dict[str, Any]]:
    """What the entry proves; entries of the data access log tell of use, not of change."""
    if call.reads_data:
        return []
    if _is_run(call):
        return _run_facts(call, provenance)
    said = _said(call)
    changes = change_facts(call.payload, call.method, said, provenance)
    is_run = call.service_name == "run.googleapis.com"
    return changes + (deletion_facts(call.payload, call.method, said, provenance) if is_run else [])


def _call(entry: dict[str, Any], redactor: Redactor) -> _Call:
    payload = audit_payload(entry)
    method = text(payload.get("methodName"))
    operation = mapping(entry.get("operation"))
    agent = text(at(payload, "requestMetadata", "callerSuppliedUserAgent"))
    command = _COMMAND.search(agent)
    log = text(entry.get("logName"))
    return _Call(
        service_name=text(payload.get("serviceName")),
        method=re.split(r"[./]", method)[-1],
        resource=text(payload.get("resourceName")),
        principal=redactor.text(text(at(payload, "authenticationInfo", "principalEmail"))),
        command=command[1] if command else "",
        code=whole(at(payload, "status", "code")) or 0,
        status=redactor.text(text(at(payload, "status", "message"))),
        operation=text(operation.get("id")),
        is_first=bool(flag(operation.get("first"))),
        is_last=bool(flag(operation.get("last"))),
        is_system=log.endswith("system_event") or method.startswith("/"),
        reads_data=log.endswith("data_access"),
        payload=payload,
    )


def _provenance(entry: dict[str, Any], call: _Call, redactor: Redactor, insert_id: str | None) -> Provenance:
    labels = mapping(at(entry, "resource", "labels"))
    places = at(call.payload, "resourceLocation", "currentLocations")
    place = text(places[0]) if isinstance(places, list) and places else ""
    project = re.match(r"(?://[^/]+/)?(?:projects|namespaces)/([^/]+)", call.resource or text(entry.get("logName")))
    service = re.search(r"/services/([^/]+)", call.resource)
    withheld = tuple(text(one.get("field")) for one in items(call.payload.get("redactions")))
    times = (entry.get("timestamp"), entry.get("receiveTimestamp"))
    return Provenance(
        origin="audit_system_event" if call.is_system else "audit_activity",
        insert_id=text(entry.get("insertId")) if insert_id is None else insert_id,
        redactor=redactor,
        project=text(labels.get("project_id")) or (project[1] if project else ""),
        location=text(labels.get("location")) or place,
        service=text(labels.get("service_name")) or (service[1] if service else ""),
        at_ns=next((at_ns for at_ns in map(instant_ns, times) if at_ns is not None), None),
        actor=call.principal,
        tool=_tool(text(at(call.payload, "requestMetadata", "callerSuppliedUserAgent"))),
        is_complete=call.is_system,
        withheld=withheld,
    )


def _tool(agent: str) -> str:
    """The tool that a user agent names: gcloud, terraform, console, ...; else its first product."""
    lower = agent.lower()
    known = next((name for mark, name in _TOOLS if mark in lower), "")
    product = _PRODUCT.match(lower)
    return known or (product[0] if product else "")


def _is_run(call: _Call) -> bool:
    """A call that makes or moves revisions of Cloud Run, or a system event about one."""
    is_ours = call.service_name == "run.googleapis.com" or "InternalService" in call.method
    return is_ours and bool(_DEPLOY.match(call.method) or (call.is_system and _REVISION_PATH.search(call.resource)))


def _run_facts(call: _Call, provenance: Provenance) -> list[dict[str, Any]]:
    if call.is_system:
        return _system_event(call, provenance)
    request = mapping(call.payload.get("request"))
    if flag(request.get("validateOnly")) or flag(request.get("dryRun")) or text(request.get("dryRun")) == "all":
        return []
    return _activity(call, mapping(request.get("service")) or request, provenance)


def _system_event(call: _Call, provenance: Provenance) -> list[dict[str, Any]]:
    """Facts of the Revision or Service in the response, and the state that the status line tells."""
    document = mapping(call.payload.get("response"))
    rows = document_facts(document, provenance)
    path = _REVISION_PATH.search(call.resource)
    if path:
        return rows + _told_state(call, path[1], provenance, {row["kind"] for row in rows})
    if call.code and document_kind(document) != "revision":
        rows += _deploy(call, document, provenance)
    return rows


def _told_state(call: _Call, revision: str, provenance: Provenance, told: set[str]) -> list[dict[str, Any]]:
    """Ready or failed from the status line, where the document did not say it."""
    changed = _READY.search(call.status)
    state = "failed" if call.code else {"True": "ready", "False": "failed"}.get(changed[1] if changed else "", "")
    if not state or state in told:
        return []
    detail = {"message": call.status} if state == "ready" else {"message": call.status, "reason": "", "code": call.code}
    return fact(provenance, state, detail, at_ns=provenance.at_ns, revision=revision) if provenance.service else []


def _activity(call: _Call, asked: dict[str, Any], provenance: Provenance) -> list[dict[str, Any]]:
    """The deploy, the state it found (a v1 request carries the status it read), and the answer."""
    rows = _deploy(call, asked, provenance)
    if call.code:
        return rows
    found = replace(provenance, actor="", tool="")
    if isinstance(asked.get("status"), dict):
        told = document_facts(asked, found)
        # the template is the deployed one only where the call leaves it alone; otherwise it is what is wanted
        rows += [row for row in told if row["kind"] != "spec" or not _makes_revision(call)]
    answer = mapping(call.payload.get("response"))
    if document_kind(answer) == "service":
        told = document_facts(answer, found)
        rows += [row for row in told if row["kind"] != "spec" or _is_settled(call)]
    return rows


def _is_settled(call: _Call) -> bool:
    """Whether an answer's template and status speak of one revision: v1 answers at once, with the status before."""
    return call.is_last or not _makes_revision(call)


def _makes_revision(call: _Call) -> bool:
    parts = _parts(call)
    return (not parts or not _TEMPLATE.isdisjoint(parts)) and "update-traffic" not in call.command


def _parts(call: _Call) -> list[str]:
    """The parts of a Service that the call's mask names; empty without one, when all of it is meant."""
    mask = text(at(call.payload, "request", "updateMask"))
    parts = {part.strip().removeprefix("spec.").partition(".")[0] for part in mask.split(",")} - {""}
    return sorted(re.sub(r"_(\w)", lambda found: found[1].upper(), part) for part in parts)


def _settings(call: _Call) -> list[str]:
    """The settings of the service alone that the call changes: no revision is made of them, and no traffic moved."""
    parts = _parts(call)
    return [] if _makes_revision(call) or "traffic" in parts else parts


def _deploy(call: _Call, asked: dict[str, Any], provenance: Provenance) -> list[dict[str, Any]]:
    if not provenance.service:
        return []
    config = canonical_config(asked, redactor=provenance.redactor, complete=False, withheld=provenance.withheld)
    template = mapping(asked.get("template"))
    name = text(at(asked, "spec", "template", "metadata", "name")) or text(template.get("revision"))
    answer = mapping(call.payload.get("response"))
    settled = document_facts(answer, provenance) if _is_settled(call) else []
    made = [row["revision"] for row in settled if row["kind"] == "spec"]
    number = text(at(asked, "metadata", "namespace"))
    detail = {
        **_said(call),
        "command": call.command,
        "nonce": nonce_of(asked),
        "makes_revision": _makes_revision(call),
        "revision": name.rpartition("/")[2] or (made[0] if made and not call.is_system else ""),
        "settings": _settings(call),
        "targets": [] if _settings(call) else _asked_traffic(asked),
        "config": config or None,
        "project_number": number if number.isdigit() else "",
    }
    return fact(provenance, "deploy", detail, at_ns=provenance.at_ns)


def _asked_traffic(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Traffic as the request wants it; a target without a revision follows the latest one."""
    listed = items(at(asked, "spec", "traffic")) or items(asked.get("traffic"))
    return [
        {
            "revision": (text(one.get("revisionName")) or text(one.get("revision"))).rpartition("/")[2],
            "percent": whole(one.get("percent")) or 0,
            "tag": text(one.get("tag")),
            "latest": bool(flag(one.get("latestRevision"))) or text(one.get("type")).endswith("LATEST"),
        }
        for one in listed
    ]


def _said(call: _Call) -> dict[str, Any]:
    """What every deploy and change says of itself."""
    return {
        "method": call.method,
        "outcome": call.outcome,
        "code": call.code,
        "message": call.status,
        "operation": call.operation,
    }


def _sentence(call: _Call) -> str:
    """`ReplaceService of services/shop by deployer@... with gcloud.run.deploy: requested`."""
    subject = "/".join(call.resource.split("/")[-2:])
    parts = [
        call.method or "Audit entry",
        f"of {subject}" if subject else "",
        f"by {call.principal}" if call.principal else "",
    ]
    parts.append(f"with {call.command}" if call.command else "")
    if call.code:
        end = f"failed with code {call.code}" + (f": {call.status}" if call.status else "")
    else:
        end = call.status or call.outcome
    return f"{' '.join(part for part in parts if part)}: {end}"


def _summary(call: _Call, provenance: Provenance) -> dict[str, Any]:
    """What is stored of the payload; fields that are empty are left out."""
    told = {
        "service_name": call.service_name,
        "method": text(call.payload.get("methodName")),
        "resource": call.resource,
        "principal": call.principal,
        "tool": provenance.tool,
        "command": call.command,
        "code": call.code,
        "status": call.status,
        "operation": call.operation,
        "operation_first": call.is_first,
        "operation_last": call.is_last,
        "request": text(at(call.payload, "request", "@type")).rpartition(".")[2],
        "response": text(at(call.payload, "response", "kind"))
        or text(at(call.payload, "response", "@type")).rpartition(".")[2],
    }
    return {key: value for key, value in told.items() if value}
