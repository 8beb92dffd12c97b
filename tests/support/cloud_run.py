"""Builds what Cloud Run and the audit log say: documents of both dialects, audit entries, frames of facts."""

from typing import Any

import polars as pl

from classifiers.ledger import SEEN_SCHEMA
from collector.records import FACT_SCHEMA

PROJECT = "garden-staging"
NUMBER = "4711000815"
REGION = "europe-north1"
DEPLOYER = f"deployer@{PROJECT}.iam.gserviceaccount.com"
PERSON = "petra.planter@garden.example"


def secret_v1(secret: str, version: str = "latest") -> dict[str, Any]:
    """Value source of a knative variable."""
    return {"valueFrom": {"secretKeyRef": {"name": secret, "key": version}}}


def secret_v2(secret: str, version: str = "latest") -> dict[str, Any]:
    """Value source of a v2 variable."""
    return {"valueSource": {"secretKeyRef": {"secret": secret, "version": version}}}


def env_list(env: dict[str, Any]) -> list[dict[str, Any]]:
    """An env list of literals (text) and value sources (objects)."""
    return [{"name": name, **(given if isinstance(given, dict) else {"value": given})} for name, given in env.items()]


def container_v1(
    env: dict[str, Any] | None, *, image: str = "eu.gcr.io/garden/shop:latest", **more: Any
) -> dict[str, Any]:
    """The container of a server's full answer; without an env list where env is None."""
    container: dict[str, Any] = {
        "image": image,
        "ports": [{"containerPort": 8080, "name": "http1"}],
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
        "startupProbe": {
            "tcpSocket": {"port": 8080},
            "periodSeconds": 240,
            "timeoutSeconds": 240,
            "failureThreshold": 1,
        },
        **more,
    }
    return container if env is None else {**container, "env": env_list(env)}


def pod_v1(*containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The knative spec of a revision."""
    return {
        "containerConcurrency": 80,
        "containers": list(containers),
        "serviceAccountName": f"runner@{PROJECT}.iam.gserviceaccount.com",
        "timeoutSeconds": 300,
        **more,
    }


def revision_v1(
    name: str,
    env: dict[str, Any] | None,
    *,
    created: str = "2026-05-04T10:00:00.5Z",
    digest: str = "aa",
    ready: str = "True",
    notes: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A knative Revision as the server answers it. The digest is repeated to full length."""
    image = f"eu.gcr.io/garden/shop@sha256:{(digest * 64)[:64]}"
    labels = {"serving.knative.dev/service": name[:-10], "cloud.googleapis.com/location": REGION}
    message = "Deploying revision succeeded in 8s." if ready == "True" else "The container failed to start."
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Revision",
        "metadata": {
            "name": name,
            "namespace": NUMBER,
            "creationTimestamp": created,
            "labels": labels,
            "annotations": {
                "autoscaling.knative.dev/maxScale": "10",
                "serving.knative.dev/creator": PERSON,
                "run.googleapis.com/client-name": "gcloud",
                **(notes or {}),
            },
        },
        "spec": pod_v1(container_v1(env, image=image, name="shop-1")),
        "status": {
            "observedGeneration": 1,
            "imageDigest": image,
            "conditions": [
                {
                    "type": "Ready",
                    "status": ready,
                    "message": message,
                    "lastTransitionTime": created.replace("00.5Z", "40Z"),
                }
            ],
        },
    }


def service_v1(
    env: dict[str, Any] | None,
    *,
    latest: str,
    generation: int = 7,
    observed: int = 7,
    traffic: list[dict[str, Any]] | None = None,
    container: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A knative Service whose status speaks of `latest`; settled where observed equals generation."""
    now = "2026-05-04T10:00:41Z"
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": latest[:-10],
            "namespace": NUMBER,
            "generation": generation,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"cloud.googleapis.com/location": REGION},
            "annotations": {
                "serving.knative.dev/lastModifier": DEPLOYER,
                "run.googleapis.com/ingress": "internal",
            },
        },
        "spec": {
            "template": {
                "metadata": {"labels": {}, "annotations": {}},
                "spec": pod_v1(container or container_v1(env)),
            },
            "traffic": [{"latestRevision": True, "percent": 100}],
        },
        "status": {
            "observedGeneration": observed,
            "latestCreatedRevisionName": latest,
            "latestReadyRevisionName": latest,
            "conditions": [
                {"type": kind, "status": "True", "lastTransitionTime": now}
                for kind in ("Ready", "ConfigurationsReady", "RoutesReady")
            ],
            "traffic": traffic or [{"latestRevision": True, "percent": 100, "revisionName": latest}],
        },
    }


def template_v2(env: dict[str, Any] | None, *, image: str = "eu.gcr.io/garden/shop:latest") -> dict[str, Any]:
    """What a v2 template and a v2 Revision share."""
    container: dict[str, Any] = {
        "name": "shop-1",
        "image": image,
        "ports": [{"name": "http1", "containerPort": 8080}],
        "resources": {"limits": {"cpu": "1000m", "memory": "0.5Gi"}, "cpuIdle": True},
        "startupProbe": {
            "tcpSocket": {"port": 8080},
            "periodSeconds": 240,
            "timeoutSeconds": 240,
            "failureThreshold": 1,
        },
    }
    return {
        "containers": [container if env is None else {**container, "env": env_list(env)}],
        "maxInstanceRequestConcurrency": 80,
        "scaling": {"maxInstanceCount": 10},
        "serviceAccount": f"runner@{PROJECT}.iam.gserviceaccount.com",
        "timeout": "300s",
    }


def revision_v2(name: str, env: dict[str, Any] | None, *, state: str = "CONDITION_SUCCEEDED") -> dict[str, Any]:
    """A Revision of the Admin API."""
    return {
        "name": f"projects/{PROJECT}/locations/{REGION}/services/shop/revisions/{name}",
        "service": "shop",
        "createTime": "2026-05-04T10:00:00.500Z",
        "creator": PERSON,
        "client": "gcloud",
        "conditions": [{"type": "Ready", "state": state, "lastTransitionTime": "2026-05-04T10:00:40Z"}],
        **template_v2(env, image=f"eu.gcr.io/garden/shop@sha256:{'aa' * 32}"),
    }


def service_v2(env: dict[str, Any] | None, *, latest: str, **more: Any) -> dict[str, Any]:
    """A Service of the Admin API."""
    path = f"projects/{PROJECT}/locations/{REGION}/services/shop"
    return {
        "@type": "type.googleapis.com/google.cloud.run.v2.Service",
        "name": path,
        "generation": "7",
        "observedGeneration": "7",
        "template": template_v2(env),
        "traffic": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}],
        "latestCreatedRevision": f"{path}/revisions/{latest}",
        "latestReadyRevision": f"{path}/revisions/{latest}",
        "terminalCondition": {
            "type": "Ready", "state": "CONDITION_SUCCEEDED", "lastTransitionTime": "2026-05-04T10:00:41Z"
        },
        **more,
    }  # fmt: skip


def with_nonce(document: dict[str, Any], nonce: str) -> dict[str, Any]:
    """The document with gcloud's mark of a deploy where Service and Revision bear it."""
    template = document["spec"].get("template", document)
    template["metadata"]["labels"]["client.knative.dev/nonce"] = nonce
    return document


def audit_entry(
    method: str,
    resource: str,
    *,
    at: str = "2026-05-04T10:00:00Z",
    insert_id: str = "a1",
    log: str = "activity",
    command: str = "gcloud.run.deploy",
    **payload: Any,
) -> dict[str, Any]:
    """A LogEntry of the audit log; further keywords go into its payload, `operation` into the entry."""
    operation = payload.pop("operation", None)
    body: dict[str, Any] = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "run.googleapis.com",
        "methodName": method,
        "resourceName": resource,
        **payload,
    }
    if log == "activity":
        agent = f"google-cloud-sdk gcloud/534.0.0 command/{command} invocation-id/1" if command else "Terraform/1.9"
        body.setdefault("authenticationInfo", {"principalEmail": DEPLOYER})
        body.setdefault("requestMetadata", {"callerIp": "192.0.2.1", "callerSuppliedUserAgent": agent})
    service = resource.rpartition("/services/")[2].partition("/")[0] if "/services/" in resource else "shop"
    entry = {
        "insertId": insert_id,
        "logName": f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2F{log}",
        "timestamp": at,
        "severity": "NOTICE",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {
                "project_id": PROJECT, "location": REGION, "service_name": service, "configuration_name": "",
                "revision_name": "",
            },
        },
        "protoPayload": body,
    }  # fmt: skip
    return {**entry, "operation": operation} if operation else entry


def maintenance_entry(
    state: str, *, at: str = "2026-05-04T10:00:00Z", insert_id: str = "m", **more: Any
) -> dict[str, Any]:
    """A LogEntry of the maintenance log about the database `main`."""
    return {
        "insertId": insert_id,
        "logName": f"projects/{PROJECT}/logs/maintenance.googleapis.com%2Fmaintenance_events",
        "timestamp": at,
        "severity": "INFO",
        "resource": {"type": "cloudsql_database", "labels": {"project_id": PROJECT, "region": REGION}},
        "jsonPayload": {
            "@type": "type.googleapis.com/google.cloud.maintenance.logging.v1beta.ResourceMaintenanceLog",
            "name": f"projects/{PROJECT}/locations/{REGION}/resourceMaintenance/m1",
            "state": state,
            "resource": {
                "resourceName": f"//sqladmin.googleapis.com/projects/{PROJECT}/instances/main",
                "type": "sqladmin.googleapis.com/Instance",
            },
            "maintenanceScheduledStartTime": "2026-05-04T10:00:00Z",
            "maintenanceScheduledEndTime": "2026-05-04T11:00:00Z",
            **more,
        },
    }


def as_facts(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Facts in a frame."""
    return pl.DataFrame(rows, schema=FACT_SCHEMA, orient="row")


def as_seen(
    *rows: tuple[str, int, int, int, int | None], service: str = "shop", project: str = PROJECT
) -> pl.DataFrame:
    """What rows tell: revision, first, last, requests, first request; the last of several requests is its last row."""
    told = [(project, service, *row, row[2] if row[3] > 1 else row[4], "") for row in rows]
    return pl.DataFrame(told, schema=SEEN_SCHEMA, orient="row")
