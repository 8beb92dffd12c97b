"""The audit trail of a deploy: activity of v1 or v2, then the system events of revision and service."""

import random
from typing import Any

from collector.replacing import replace
from logtriage.demo.clock import MILLI, SECOND, iso
from logtriage.demo.deploys import Deploy, Shift
from logtriage.demo.emit import EntryWriter, audit_id
from logtriage.demo.resources import (
    client_annotations,
    knative_service,
    pod_spec,
    scaling_annotations,
    service_status,
    v2_service,
)
from logtriage.demo.streams import Streams, hex_digits, uuid_text
from logtriage.demo.world import World

__all__ = ["write_audit", "write_shift"]

_ACTIVITY = "cloudaudit.googleapis.com%2Factivity"
_SYSTEM = "cloudaudit.googleapis.com%2Fsystem_event"
_TYPE = "type.googleapis.com/google.cloud.audit.AuditLog"
_AGENTS = {
    "gcloud": "google-cloud-sdk gcloud/545.0.0 command/gcloud.run.deploy invocation-id/{id} environment/None "
    "client-os/LINUX client-os-ver/6.8.0 interactive/False from-script/True python/3.12.9,gzip(gfe)",
    "terraform": "Terraform/1.9.8 (+https://www.terraform.io) Terraform-Plugin-SDK/2.35.0 "
    "terraform-provider-google/6.14.1,gzip(gfe)",
    "cloud-console": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
    "Safari/537.36,gzip(gfe)",
}
_REJECTIONS = (
    (3, "spec.template.spec.containers[0].resources.limits.cpu: Invalid value specified for cpu."),
    (10, "Conflict for resource '{service}': version '{old}' was specified but current version is '{new}'."),
    (7, "Permission 'iam.serviceaccounts.actAs' denied on service account of {service}."),
)


def write_audit(world: World, deploy: Deploy, writer: EntryWriter, streams: Streams) -> list[str]:
    """Writes every audit entry of one deploy; gives the insertIds of those that tell of a failure."""
    trail = _Trail(world, deploy, writer, streams.of(f"audit/{deploy.service.role}"))
    if deploy.outcome == "rejected":
        return [trail.rejected()]
    v2 = deploy.service.api == "v2" and deploy.tool != "cloud-console"
    if v2:
        trail.operation_first()
    else:
        trail.replace_service()
    if deploy.outcome == "failed":
        return trail.failed()
    trail.ready()
    if v2:
        trail.operation_last()
    return []


def write_shift(world: World, shift: Shift, writer: EntryWriter, streams: Streams) -> None:
    """Writes what the audit log tells of traffic that moved to a revision that was there: no template changed."""
    is_newest = shift.target is shift.newest
    told = replace(
        shift.newest, created_ns=shift.at_ns - 2 * SECOND, ready_ns=shift.at_ns, generation=shift.generation,
        is_held=not is_newest, share=1.0, serving_before=shift.target.revision, previous=shift.newest.revision,
        actor=shift.actor, tool="gcloud",
    )  # fmt: skip
    trail = _Trail(world, told, writer, streams.of(f"audit/{told.service.role}"))
    trail.replace_service()
    trail.service_ready()


class _Trail:
    """The entries of one deploy."""

    def __init__(self, world: World, deploy: Deploy, writer: EntryWriter, rng: random.Random) -> None:
        self._world = world
        self._deploy = deploy
        self._writer = writer
        self._rng = rng
        self._operation = f"projects/{world.project}/locations/{world.region}/operations/{uuid_text(rng)}"
        self._uid = deploy.service.uid

    # --- activity

    def replace_service(self) -> None:
        world, deploy = self._world, self._deploy
        request = {
            "@type": "type.googleapis.com/google.cloud.run.v1.ReplaceServiceRequest",
            "name": f"namespaces/{world.project}/services/{deploy.service.name}",
            "region": world.region,
            "service": knative_service(self._world, deploy),
        }
        response = {
            "@type": "type.googleapis.com/google.cloud.run.v1.Service",
            **knative_service(self._world, deploy),
            "status": service_status(deploy, deploy.previous, deploy.created_ns),  # still the revision before
        }
        verb = "ReplaceService" if deploy.previous else "CreateService"
        body = self._activity(f"google.cloud.run.v1.Services.{verb}", "namespaces/{p}/services/{s}")
        self._write(_ACTIVITY, deploy.created_ns, {**body, "request": request, "response": response}, "NOTICE")

    def operation_first(self) -> None:
        deploy = self._deploy
        request = {
            "@type": "type.googleapis.com/google.cloud.run.v2.UpdateServiceRequest",
            "service": v2_service(self._world, deploy),
        }
        body = self._activity("google.cloud.run.v2.Services.UpdateService", "projects/{p}/locations/{l}/services/{s}")
        operation = {"id": self._operation, "producer": "run.googleapis.com", "first": True}
        self._write(_ACTIVITY, deploy.created_ns, {**body, "request": request}, "NOTICE", operation)

    def operation_last(self) -> None:
        deploy = self._deploy
        path = f"projects/{self._world.project}/locations/{self._world.region}/services/{deploy.service.name}"
        newest = f"{path}/revisions/{deploy.revision}"
        response = {
            "@type": "type.googleapis.com/google.cloud.run.v2.Service",
            **v2_service(self._world, deploy), "uid": self._uid,
            "generation": str(deploy.generation), "latestReadyRevision": newest, "latestCreatedRevision": newest,
            "terminalCondition": {"type": "Ready", "state": "CONDITION_SUCCEEDED"},
        }  # fmt: skip
        body = self._activity("google.cloud.run.v2.Services.UpdateService", "projects/{p}/locations/{l}/services/{s}")
        operation = {"id": self._operation, "producer": "run.googleapis.com", "last": True}
        at_ns = (deploy.ready_ns or deploy.created_ns) + 2 * SECOND
        self._write(_ACTIVITY, at_ns, {**body, "response": response}, "NOTICE", operation)

    def rejected(self) -> str:
        deploy = self._deploy
        code, message = self._rng.choice(_REJECTIONS)
        old = hex_digits(self._rng, 10)
        status = {"code": code, "message": message.format(service=deploy.service.name, old=old, new=old[::-1])}
        body = self._activity("google.cloud.run.v1.Services.ReplaceService", "namespaces/{p}/services/{s}")
        request = {
            "@type": "type.googleapis.com/google.cloud.run.v1.ReplaceServiceRequest",
            "name": f"namespaces/{self._world.project}/services/{deploy.service.name}",
            "service": knative_service(self._world, deploy),
        }
        return self._write(_ACTIVITY, deploy.created_ns, {**body, "request": request, "status": status}, "ERROR")

    # --- system events

    def ready(self) -> None:
        deploy = self._deploy
        ready_ns = deploy.ready_ns or deploy.created_ns
        took_s = (ready_ns - deploy.created_ns) / SECOND
        told = f"Deploying revision succeeded in {took_s:.2f}s."
        status = {
            "message": f"Ready condition status changed to True for Revision {deploy.revision} with message: {told}"
        }
        conditions = [
            {"type": "Ready", "status": "True", "message": told, "lastTransitionTime": iso(ready_ns)},
            {"type": "ContainerHealthy", "status": "True", "lastTransitionTime": iso(ready_ns - SECOND)},
        ]
        self._revision_event(ready_ns + 30 * MILLI, conditions, status, "INFO")
        if deploy.is_held and self._rng.random() < 0.5:  # noqa: PLR2004 - superseded ones say nothing more
            return
        self.service_ready()

    def service_ready(self) -> None:
        deploy = self._deploy
        ready_ns = deploy.ready_ns or deploy.created_ns
        response = {
            "@type": "type.googleapis.com/google.cloud.run.v1.Service",
            **knative_service(self._world, deploy),
            "status": service_status(deploy, deploy.revision, ready_ns),
        }
        name = deploy.service.name
        body = self._event(f"namespaces/{self._world.project}/services/{name}", response)
        status = {"message": f"Ready condition status changed to True for Service {name}."}
        self._write(_SYSTEM, ready_ns + SECOND + 240 * MILLI, {**body, "status": status}, "INFO", revision="")

    def failed(self) -> list[str]:
        deploy = self._deploy
        at_ns = deploy.created_ns + 241 * SECOND
        why = (
            f"The user-provided container failed to start and listen on the port defined provided by the "
            f"PORT={deploy.service.port} environment variable within the allocated timeout."
        )
        revision = deploy.revision
        told = f"Ready condition status changed to False for Revision {revision} with message: {why}"
        conditions = [
            {"type": "Ready", "status": "False", "reason": "HealthCheckContainerError", "message": why,
             "lastTransitionTime": iso(at_ns)}
        ]  # fmt: skip
        first = self._revision_event(at_ns, conditions, {"code": 9, "message": told}, "ERROR")
        response = {
            "@type": "type.googleapis.com/google.cloud.run.v1.Service",
            **knative_service(self._world, deploy),
            "status": service_status(deploy, deploy.previous, at_ns),
        }
        name = deploy.service.name
        body = self._event(f"namespaces/{self._world.project}/services/{name}", response)
        status = {
            "code": 9,
            "message": f"Ready condition status changed to False for Service {name} with message: {why}",
        }
        second = self._write(_SYSTEM, at_ns + 900 * MILLI, {**body, "status": status}, "ERROR", revision="")
        return [first, second]

    def _revision_event(self, at_ns: int, conditions: list[Any], status: dict[str, Any], severity: str) -> str:
        deploy = self._deploy
        image = f"{deploy.spec.image}@sha256:{deploy.spec.digest}"
        response = {
            "@type": "type.googleapis.com/google.cloud.run.v1.Revision", "apiVersion": "serving.knative.dev/v1",
            "kind": "Revision",
            "metadata": {
                "name": deploy.revision, "namespace": self._world.number, "generation": 1,
                "creationTimestamp": iso(deploy.created_ns + SECOND), "uid": uuid_text(self._rng),
                "labels": {
                    "serving.knative.dev/service": deploy.service.name, "serving.knative.dev/serviceUid": self._uid,
                    "serving.knative.dev/configurationGeneration": str(deploy.generation),
                    "cloud.googleapis.com/location": self._world.region,
                },
                "annotations": {
                    **scaling_annotations(deploy.spec), **client_annotations(deploy),
                    "serving.knative.dev/creator": deploy.actor,
                },
            },
            "spec": pod_spec(deploy, image),
            "status": {"conditions": conditions, "imageDigest": image, "observedGeneration": 1},
        }  # fmt: skip
        body = self._event(f"namespaces/{self._world.project}/revisions/{deploy.revision}", response)
        return self._write(_SYSTEM, at_ns, {**body, "status": status}, severity, revision=deploy.revision)

    # --- shared parts

    def _write(
        self, log: str, at_ns: int, payload: dict[str, Any], severity: str, operation: dict[str, Any] | None = None,
        *, revision: str = "",
    ) -> str:  # fmt: skip
        labels = {
            "configuration_name": self._deploy.service.name if revision else "", "location": self._world.region,
            "project_id": self._world.project, "revision_name": revision, "service_name": self._deploy.service.name,
        }  # fmt: skip
        body: dict[str, Any] = {
            "insertId": audit_id(self._rng), "severity": severity,
            "protoPayload": {"@type": _TYPE, "serviceName": "run.googleapis.com", **payload},
        }  # fmt: skip
        if operation is not None:
            body["operation"] = operation
        return self._writer.write(at_ns, log, {"type": "cloud_run_revision", "labels": labels}, body)

    def _activity(self, method: str, resource: str) -> dict[str, Any]:
        world, deploy = self._world, self._deploy
        name = resource.format(p=world.project, s=deploy.service.name, l=world.region)
        return {
            "authenticationInfo": {"principalEmail": deploy.actor},
            "authorizationInfo": [
                {"granted": True, "permission": "run.services.update", "resource": name, "resourceAttributes": {}}
            ],
            "methodName": method,
            "requestMetadata": {
                "callerIp": f"198.51.100.{self._rng.randrange(2, 250)}",
                "callerSuppliedUserAgent": _AGENTS[deploy.tool].format(id=hex_digits(self._rng, 32)),
                "requestAttributes": {"auth": {}, "time": iso(deploy.created_ns)},
            },
            "resourceLocation": {"currentLocations": [world.region]},
            "resourceName": name,
        }

    def _event(self, resource: str, response: dict[str, Any]) -> dict[str, Any]:
        return {"methodName": "/Services.ReplaceService", "resourceName": resource, "response": response}
