"""Changes that are no deploy, as the audit log tells them: secrets, IAM, maintenance, deleted revisions."""

from typing import Any

from logtriage.demo.clock import SECOND, iso
from logtriage.demo.deploys import Deploy
from logtriage.demo.emit import audit_id
from logtriage.demo.site import Site

__all__ = ["binding_removed", "database_maintenance", "revision_deleted", "secret_version_added"]

_ACTIVITY = "cloudaudit.googleapis.com%2Factivity"
_SYSTEM = "cloudaudit.googleapis.com%2Fsystem_event"
_TYPE = "type.googleapis.com/google.cloud.audit.AuditLog"


def secret_version_added(site: Site, at_ns: int, secret: str, version: int) -> None:
    """Somebody adds a version of a secret and destroys nothing; no revision is made."""
    name = f"projects/{site.world.number}/secrets/{secret}"
    method = "google.cloud.secretmanager.v1.SecretManagerService.AddSecretVersion"
    payload = {
        "request": {"@type": "type.googleapis.com/google.cloud.secretmanager.v1.AddSecretVersionRequest",
                    "parent": f"projects/{site.world.project}/secrets/{secret}"},
        "response": {"@type": "type.googleapis.com/google.cloud.secretmanager.v1.SecretVersion",
                     "name": f"{name}/versions/{version}", "state": "ENABLED", "createTime": iso(at_ns)},
    }  # fmt: skip
    _activity(site, at_ns, "secretmanager.googleapis.com", (method, name), payload)


def binding_removed(site: Site, at_ns: int, role: str, member: str) -> None:
    """Somebody takes a role from a service account of the project."""
    delta = {"action": "REMOVE", "role": role, "member": member}
    payload = {
        "request": {"resource": site.world.project, "policy": {"etag": "BwYp0Z3c1nQ="}},
        "serviceData": {
            "@type": "type.googleapis.com/google.iam.v1.logging.AuditData", "policyDelta": {"bindingDeltas": [delta]}
        },
    }  # fmt: skip
    name = f"projects/{site.world.project}"
    _activity(site, at_ns, "cloudresourcemanager.googleapis.com", ("SetIamPolicy", name), payload)


def revision_deleted(site: Site, at_ns: int, deploy: Deploy) -> None:
    """Somebody tidies up: a revision that serves no longer is deleted."""
    name = f"namespaces/{site.world.project}/revisions/{deploy.revision}"
    payload = {
        "request": {"@type": "type.googleapis.com/google.cloud.run.v1.DeleteRevisionRequest", "name": name},
        "response": {"@type": "type.googleapis.com/google.cloud.run.v1.Status"},
    }  # fmt: skip
    called = ("google.cloud.run.v1.Revisions.DeleteRevision", name)
    _activity(site, at_ns, "run.googleapis.com", called, payload, deploy.resource)


def database_maintenance(site: Site, start_ns: int, end_ns: int, instance: str) -> None:
    """The platform maintains a database: a system event when it begins and one when it is done."""
    name = f"projects/{site.world.project}/instances/{instance}"
    rng = site.streams.of("platform")
    operation = {"id": f"{name}/operations/{audit_id(rng)}", "producer": "cloudsql.googleapis.com"}
    for at_ns, end in ((start_ns, "first"), (end_ns, "last")):
        payload = {
            "@type": _TYPE, "serviceName": "cloudsql.googleapis.com", "methodName": "cloudsql.instances.maintenance",
            "resourceName": name, "authenticationInfo": {"principalEmail": "system@google.com"},
        }  # fmt: skip
        labels = {
            "database_id": f"{site.world.project}:{instance}", "project_id": site.world.project,
            "region": site.world.region,
        }  # fmt: skip
        body = {"insertId": audit_id(rng), "severity": "NOTICE", "protoPayload": payload,
                "operation": {**operation, end: True}}  # fmt: skip
        site.entries.write(at_ns, _SYSTEM, {"type": "cloudsql_database", "labels": labels}, body)


def _activity(
    site: Site, at_ns: int, service: str, called: tuple[str, str], payload: dict[str, Any],
    resource: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    rng = site.streams.of("platform")
    method, name = called
    person = f"{rng.choice(site.world.people)}@{site.world.company}.example"
    body = {
        "insertId": audit_id(rng), "severity": "NOTICE",
        "protoPayload": {
            "@type": _TYPE, "serviceName": service, "methodName": method, "resourceName": name,
            "authenticationInfo": {"principalEmail": person}, "status": {},
            "requestMetadata": {
                "callerIp": f"198.51.100.{rng.randrange(2, 250)}", "requestAttributes": {"time": iso(at_ns - SECOND)}
            },
            **payload,
        },
    }  # fmt: skip
    labels = {"method": method, "project_id": site.world.project, "service": service}
    site.entries.write(at_ns, _ACTIVITY, resource or {"type": "audited_resource", "labels": labels}, body)
