"""Facts of deploys, events and routings of the service `shop`, read from audit entries as they would come."""

from typing import Any

from classifiers.ledger import ChangeLedger, fold_ledger
from collector.normalise.audit import read_audit
from collector.normalise.redact import Redactor
from collector.records import Revision
from collector.window import parse_instant_ns
from tests.support.cloud_run import PROJECT, REGION, as_facts, as_seen, audit_entry, service_v1, template_v2

REDACTOR = Redactor(b"0123456789abcdef")
SERVICE = f"namespaces/{PROJECT}/services/shop"
SERVICE_V2 = f"projects/{PROJECT}/locations/{REGION}/services/shop"
V1 = "google.cloud.run.v1.Services.ReplaceService"
V2 = "google.cloud.run.v2.Services.UpdateService"

Facts = list[dict[str, Any]]
Seen = tuple[str, int, int, int, int | None]


def ns(text: str) -> int:
    """An instant; a time of day is one of 2026-05-04."""
    return parse_instant_ns(text if "T" in text else f"2026-05-04T{text}Z", name="t", now_ns=0)


def facts_of(entry: dict[str, Any]) -> Facts:
    """What one audit entry tells."""
    return read_audit(entry, redactor=REDACTOR).facts


def event(document: dict[str, Any], **more: Any) -> Facts:
    """A system event about a v1 document."""
    name = document["metadata"]["name"]
    resource = f"namespaces/{PROJECT}/{document['kind'].lower()}s/{name}"
    more = {"insert_id": f"e-{name}", "log": "system_event", "response": document, **more}
    return facts_of(audit_entry("/Services.ReplaceService", resource, **more))


def request(document: dict[str, Any], **more: Any) -> Facts:
    """A v1 request to deploy."""
    return facts_of(audit_entry(V1, SERVICE, request={"service": document}, **more))


def moved(at: str, *shares: tuple[str, int], **more: Any) -> Facts:
    """A v1 request that moves traffic alone, of which no answer tells; "LATEST" follows the latest revision."""
    document = service_v1(None, latest="shop-00009-zzz", container={"image": "eu.gcr.io/garden/shop:1"})
    del document["status"]
    document["spec"]["traffic"] = [
        {"latestRevision": True, "percent": percent} if name == "LATEST" else {"revisionName": name, "percent": percent}
        for name, percent in shares
    ]
    command = "gcloud.run.services.update-traffic"
    return request(document, at=f"2026-05-04T{at}Z", insert_id=f"t{at}", command=command, **more)


def routed(at: str, *shares: tuple[str, int], latest: str = "", region: str = REGION, tags: Any = ()) -> Facts:
    """The traffic in force, as a system event tells it; `latest` follows the latest revision, `tags` are pairs."""
    traffic = [
        {"revisionName": name, "percent": percent, **({"latestRevision": True} if name == latest else {})}
        for name, percent in shares
    ]
    traffic += [{"revisionName": name, "tag": tag} for name, tag in tags]
    document = service_v1({}, latest="shop-00009-zzz", traffic=traffic, generation=8)
    document["spec"]["traffic"] = traffic
    document["status"]["conditions"] = []
    at = at if "T" in at else f"2026-05-04T{at}Z"
    entry = audit_entry("/Services.ReplaceService", SERVICE, at=at, log="system_event", insert_id=at, response=document)
    entry["resource"]["labels"]["location"] = region
    return facts_of(entry)


def update_v2(*, insert_id: str, at: str, operation: dict[str, Any], **more: Any) -> Facts:
    """One entry of a v2 deploy."""
    asked = {} if operation.get("last") else {"request": {"service": {"template": template_v2({"MODE": "x"})}}}
    entry = audit_entry(
        V2, SERVICE_V2, insert_id=insert_id, at=f"2026-05-04T{at}Z", operation=operation, **{**asked, **more}
    )
    return facts_of(entry)


def ledger(facts: Facts, *seen: Seen) -> ChangeLedger:
    """The ledger of these facts and rows."""
    return fold_ledger(as_facts(facts), as_seen(*seen))


def revision_named(folded: ChangeLedger, name: str) -> Revision:
    """One revision of a ledger."""
    return next(one for one in folded.revisions if one.revision == name)
