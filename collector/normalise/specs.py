"""Service and Revision documents of Cloud Run become facts: created, ready, failed, deleted, spec and traffic.

Documents come from `gcloud run services|revisions describe|list --format json` (knative v1), from the Admin API
(v2, REST JSON) and from audit entries, which carry the same objects. The keys of `detail` by kind:

    created   {}
    deleted   {}
    ready     {"message"; "of": "revision" | "service": of its latest ready revision, whatever became of that since}
    failed    {"message", "reason"}
    spec      {"config": canonical, see configuration.py; "complete": the server's full answer, absent means none;
               "of": "revision" | "service", a Service tells of its latest created revision;
               "nonce": gcloud's mark of one deploy, "" unknown; "project_number": "" unknown}
    traffic   {"targets": [{"revision", "percent", "tag", "latest": null not told}]; "since_ns": since when, null
               unknown;
               "generation": of the Service that it is of, null unknown;
               "project_number"}: what was in force at that time

A Service names the revision of its template only once the server has caught up: `observedGeneration` equals
`generation`. Before that its status still speaks of the revision before, and no spec is taken from it.
"""

from typing import Any

import orjson
from msgspec import Struct

from collector.normalise.configuration import canonical_config, pod_of
from collector.normalise.redact import Redactor
from collector.normalise.untrusted import at, flag, instant_ns, items, mapping, text, whole
from collector.replacing import replace

__all__ = ["Provenance", "canonical_config", "document_facts", "document_kind", "fact", "nonce_of", "read_spec"]

_SERVING = "serving.knative.dev/"
_RUN = "run.googleapis.com/"
_LISTS = ("items", "services", "revisions")
_V1_STATES = {"True": "ready", "False": "failed"}
_V2_STATES = {"CONDITION_SUCCEEDED": "ready", "CONDITION_FAILED": "failed"}


class Provenance(Struct, frozen=True):
    """Where a document was read, and what the place knows that the document may not say itself.

    `at_ns` is the time of the entry that carried it, None for a file. `is_complete`: the server's own full answer.
    """

    origin: str
    insert_id: str
    redactor: Redactor
    project: str = ""
    location: str = ""
    service: str = ""
    at_ns: int | None = None
    actor: str = ""
    tool: str = ""
    is_complete: bool = True
    withheld: tuple[str, ...] = ()
    project_number: str = ""


def read_spec(document: object, *, location: str, redactor: Redactor) -> list[dict[str, Any]]:
    """Facts (rows of FACT_SCHEMA) of a describe result or an Admin API answer, single or as a list.

    `location` is the file or resource it was read from. Anything that is neither a Service nor a Revision gives none.
    """
    if isinstance(document, list):
        return [row for one in items(document) for row in read_spec(one, location=location, redactor=redactor)]
    content = mapping(document)
    for key in _LISTS:
        if isinstance(content.get(key), list) and not document_kind(content):
            return read_spec(content[key], location=location, redactor=redactor)
    origin = "describe" if isinstance(content.get("spec"), dict) else "admin_api"
    return document_facts(content, Provenance(origin, location, redactor))


def document_kind(document: dict[str, Any]) -> str:
    """`service`, `revision`, or "" for anything else; by shape, since `kind` is there only in one dialect."""
    kind = text(document.get("kind")) or text(document.get("@type")).rpartition(".")[2]
    if kind in {"Service", "Revision"} and (pod_of(document) or isinstance(document.get("status"), dict)):
        return kind.lower()
    if kind and kind not in {"Service", "Revision"}:
        return ""
    if isinstance(document.get("template"), dict) or isinstance(at(document, "spec", "template"), dict):
        return "service" if pod_of(document) else ""
    is_v2_revision = "/revisions/" in text(document.get("name")) and items(document.get("containers"))
    return "revision" if is_v2_revision else ""


def document_facts(document: dict[str, Any], provenance: Provenance) -> list[dict[str, Any]]:
    """Facts of one Service or Revision, v1 or v2; none for anything else."""
    kind = document_kind(document)
    if not kind:
        return []
    is_v1 = isinstance(document.get("metadata"), dict) or isinstance(document.get("spec"), dict)
    told = _told_v1(document) if is_v1 else _told_v2(document)
    provenance = replace(
        provenance,
        project=provenance.project or told.project,
        location=provenance.location or told.location,
        service=told.service or provenance.service,
        actor=_actor(told.actor, provenance.redactor) or provenance.actor,
        tool=told.tool or provenance.tool,
        project_number=told.project if told.project.isdigit() else "",
    )
    if not provenance.service:
        return []
    return _service_facts(document, told, provenance) if kind == "service" else _revision(document, told, provenance)


def fact(
    provenance: Provenance,
    kind: str,
    detail: dict[str, Any],
    *,
    at_ns: int | None,
    revision: str = "",
    service: str = "",
) -> list[dict[str, Any]]:
    """One row of FACT_SCHEMA in a list, or an empty list where the time is not known."""
    moment = at_ns if at_ns is not None else provenance.at_ns
    if moment is None:
        return []
    row = {
        "project": provenance.project,
        "location": provenance.location,
        "service": service or provenance.service,
        "revision": revision,
        "at_ns": moment,
        "kind": kind,
        "origin": provenance.origin,
        "insert_id": provenance.insert_id,
        "actor": provenance.actor,
        "tool": provenance.tool,
        "detail": orjson.dumps(detail, option=orjson.OPT_SORT_KEYS).decode(),
    }
    return [row]


def nonce_of(document: dict[str, Any]) -> str:
    """The mark that gcloud gives the template of each deploy; the revision made of it bears the same one."""
    key = "client.knative.dev/nonce"
    template = at(document, "spec", "template", "metadata", "labels", key)
    return text(template) or text(at(document, "metadata", "labels", key))


class _Told(Struct, frozen=True):
    """What a document says of itself, whatever its dialect. `state`: ready | failed | "" while it is neither."""

    project: str
    location: str
    service: str
    revision: str  # its own name, or of a Service the one that its template made; "" while that is not settled
    actor: str
    tool: str
    created_ns: int | None
    deleted_ns: int | None
    state: str
    state_ns: int | None
    message: str
    reason: str
    targets: list[dict[str, Any]]
    since_ns: int | None


def _told_v1(document: dict[str, Any]) -> _Told:
    meta, status = mapping(document.get("metadata")), mapping(document.get("status"))
    labels, notes = mapping(meta.get("labels")), mapping(meta.get("annotations"))
    notes_of_template = mapping(at(document, "spec", "template", "metadata", "annotations"))
    conditions = {text(one.get("type")): one for one in items(status.get("conditions"))}
    is_service = document_kind(document) == "service"
    ready = conditions.get("ConfigurationsReady" if is_service else "Ready", {})
    created, latest = text(status.get("latestCreatedRevisionName")), text(status.get("latestReadyRevisionName"))
    is_settled = whole(status.get("observedGeneration")) == whole(meta.get("generation")) is not None
    state = _V1_STATES.get(text(ready.get("status")), "")
    name = text(meta.get("name"))
    return _Told(
        project=text(meta.get("namespace")),
        location=text(labels.get("cloud.googleapis.com/location")),
        service=name
        if is_service
        else text(labels.get(_SERVING + "service") or labels.get(_SERVING + "configuration")),
        revision=(created if is_settled else "") if is_service else name,
        actor=text(notes.get(_SERVING + ("lastModifier" if is_service else "creator"))),
        tool=text(notes_of_template.get(_RUN + "client-name") or notes.get(_RUN + "client-name")).removeprefix(
            "cloud-"
        ),
        created_ns=None if is_service else instant_ns(meta.get("creationTimestamp")),
        deleted_ns=instant_ns(meta.get("deletionTimestamp")),
        state=state if not is_service or created == latest else "",
        state_ns=instant_ns(ready.get("lastTransitionTime")),
        message=text(ready.get("message")),
        reason=text(ready.get("reason")),
        targets=_targets_v1(document),
        since_ns=instant_ns(conditions.get("RoutesReady", {}).get("lastTransitionTime")),
    )


def _told_v2(document: dict[str, Any]) -> _Told:
    path = text(document.get("name")).split("/")
    named = {path[place]: path[place + 1] for place in range(0, len(path) - 1, 2)}
    is_service = document_kind(document) == "service"
    conditions = {text(one.get("type")): one for one in items(document.get("conditions"))}
    ready = mapping(document.get("terminalCondition")) if is_service else conditions.get("Ready", {})
    created, latest = (_last(document.get(key)) for key in ("latestCreatedRevision", "latestReadyRevision"))
    state = _V2_STATES.get(text(ready.get("state")), "")
    observed, generation = whole(document.get("observedGeneration")), whole(document.get("generation"))
    is_settled = not flag(document.get("reconciling")) and (
        observed == generation if observed is not None else state == "ready"
    )
    since_ns = instant_ns(conditions.get("RoutesReady", {}).get("lastTransitionTime"))
    return _Told(
        project=named.get("projects", ""),
        location=named.get("locations", ""),
        service=named.get("services", "") or _last(document.get("service")),
        revision=(created if is_settled else "") if is_service else named.get("revisions", ""),
        actor=text(document.get("lastModifier") if is_service else document.get("creator")),
        tool=text(document.get("client")).removeprefix("cloud-"),
        created_ns=None if is_service else instant_ns(document.get("createTime")),
        deleted_ns=instant_ns(document.get("deleteTime")),
        state=state if not is_service or created == latest else "",
        state_ns=instant_ns(ready.get("lastTransitionTime")),
        message=text(ready.get("message")),
        reason=text(ready.get("reason")),
        targets=_targets_v2(document, latest if is_settled else ""),
        since_ns=since_ns,
    )


def _last(value: object) -> str:
    return text(value).rpartition("/")[2]


def _targets_v1(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The traffic in force; a status without any `latestRevision`, unlike the spec, leaves open who follows it."""
    listed, asked = (items(at(document, part, "traffic")) for part in ("status", "spec"))
    is_told = any("latestRevision" in one for one in listed)
    follows = bool(asked) and all(flag(one.get("latestRevision")) for one in asked)
    targets = [_target(one, text(one.get("revisionName"))) for one in listed]
    return targets if is_told or not follows else [{**one, "latest": None} for one in targets]


def _targets_v2(document: dict[str, Any], latest: str) -> list[dict[str, Any]]:
    """Statuses where the document has them, else what was asked for, with the latest revision filled in."""
    listed = items(document.get("trafficStatuses")) or items(document.get("traffic"))
    targets = [
        _target(one, _last(one.get("revision")) or (latest if text(one.get("type")).endswith("LATEST") else ""))
        for one in listed
    ]
    return [target for target in targets if target["revision"]]


def _target(one: dict[str, Any], revision: str) -> dict[str, Any]:
    is_latest = bool(flag(one.get("latestRevision"))) or text(one.get("type")).endswith("LATEST")
    percent = whole(one.get("percent")) or 0
    return {"revision": revision, "percent": percent, "tag": text(one.get("tag")), "latest": is_latest}


def _actor(name: str, redactor: Redactor) -> str:
    """A service account as it is, a person as a keyed hash."""
    return redactor.text(name) if name else ""


def _revision(document: dict[str, Any], told: _Told, provenance: Provenance) -> list[dict[str, Any]]:
    """Facts of one Revision: created, its state and its spec."""
    if not told.revision:
        return []
    rows = fact(provenance, "created", {}, at_ns=told.created_ns, revision=told.revision) if told.created_ns else []
    rows += _state(told, provenance, of="revision") + _deleted(told, provenance, told.revision)
    return rows + _spec(document, told, provenance, of="revision")


def _service_facts(document: dict[str, Any], told: _Told, provenance: Provenance) -> list[dict[str, Any]]:
    """Facts of one Service: spec and readiness of its latest created revision, and the traffic in force."""
    rows = _deleted(told, provenance, "")
    if told.revision:
        rows += _state(told, provenance, of="service") if told.state == "ready" else []
        rows += _spec(document, told, provenance, of="service")
    targets = [target for target in told.targets if target["revision"]]
    if targets:
        observed = whole(document.get("observedGeneration", at(document, "status", "observedGeneration")))
        settled = whole(document.get("generation")) if told.revision else None  # caught up, though it does not say so
        detail = {
            "targets": targets,
            "since_ns": told.since_ns,
            "generation": settled if observed is None else observed,
            "project_number": provenance.project_number,
        }
        at_ns = provenance.at_ns if provenance.at_ns is not None else told.since_ns or told.state_ns
        rows += fact(provenance, "traffic", detail, at_ns=at_ns)
    return rows


def _deleted(told: _Told, provenance: Provenance, revision: str) -> list[dict[str, Any]]:
    return fact(provenance, "deleted", {}, at_ns=told.deleted_ns, revision=revision) if told.deleted_ns else []


def _state(told: _Told, provenance: Provenance, *, of: str) -> list[dict[str, Any]]:
    if not told.state:
        return []
    message = provenance.redactor.text(told.message)
    detail = {"message": message, **({"of": of} if told.state == "ready" else {"reason": told.reason})}
    return fact(provenance, told.state, detail, at_ns=told.state_ns, revision=told.revision)


def _spec(document: dict[str, Any], told: _Told, provenance: Provenance, *, of: str) -> list[dict[str, Any]]:
    config = canonical_config(
        document, redactor=provenance.redactor, complete=provenance.is_complete, withheld=provenance.withheld
    )
    if not config:
        return []
    detail = {
        "config": config,
        "complete": provenance.is_complete,
        "of": of,
        "nonce": nonce_of(document),
        "project_number": provenance.project_number,
    }
    at_ns = told.created_ns or told.state_ns
    return fact(provenance, "spec", detail, at_ns=at_ns, revision=told.revision)
