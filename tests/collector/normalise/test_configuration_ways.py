"""The whole configuration of a revision, by every way in which it is told: the same facts, whatever the dialect."""

import json
from typing import Any

import pytest

from collector.normalise.audit import read_audit
from collector.normalise.redact import Redactor
from collector.normalise.specs import read_spec
from tests.support.cloud_run import (
    PROJECT,
    REGION,
    audit_entry,
    container_v1,
    env_list,
    revision_v1,
    secret_v1,
    secret_v2,
    service_v1,
    service_v2,
)

REDACTOR = Redactor(b"0123456789abcdef")
NAME = "shop-00004-new"
SHA = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
ACCOUNT = f"runner@{PROJECT}.iam.gserviceaccount.com"
LABELS = {"commit-sha": SHA, "gcb-build-id": "b-17"}
NOTES = {
    "autoscaling.knative.dev/maxScale": "7",
    "autoscaling.knative.dev/minScale": "2",
    "run.googleapis.com/vpc-access-connector": f"projects/{PROJECT}/locations/{REGION}/connectors/inner",
    "run.googleapis.com/vpc-access-egress": "private-ranges-only",
    "run.googleapis.com/cloudsql-instances": "p:r:main",
    "run.googleapis.com/execution-environment": "gen2",
    "run.googleapis.com/startup-cpu-boost": "true",
    "run.googleapis.com/cpu-throttling": "true",
}
TOLD = {
    "memory_limit": "2Gi",
    "cpu_limit": "2",
    "concurrency": 80,
    "timeout_s": 300,
    "max_instances": 7,
    "min_instances": 2,
    "service_account": ACCOUNT,
    "vpc": {"connector": "inner", "egress": "private-ranges-only"},
    "cloud_sql": ["p:r:main"],
    "execution_environment": "gen2",
    "startup_cpu_boost": True,
    "cpu_idle": True,
    "probes": {
        "startup": "tcp:8080 period 240 timeout 240 failures 1",
        "liveness": "http:/healthz:8080 period 10 timeout 1 failures 3",
    },
    "commit": SHA,
    "build": "b-17",
}
LIVENESS = {
    "httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3
}  # fmt: skip
V1 = "google.cloud.run.v1.Services.ReplaceService"
V2 = "google.cloud.run.v2.Services.UpdateService"
SERVICE = f"namespaces/{PROJECT}/services/shop"
SERVICE_V2 = f"projects/{PROJECT}/locations/{REGION}/services/shop"


def container() -> dict[str, Any]:
    env = {"MODE": "x", "DB": secret_v1("db", "3")}
    limits = {"limits": {"cpu": "2000m", "memory": "2048Mi"}}
    return container_v1(env, resources=limits, livenessProbe=LIVENESS)


def whole_revision_v1() -> dict[str, Any]:
    document = revision_v1(NAME, {}, notes=NOTES)
    document["metadata"]["labels"] |= LABELS
    image = document["spec"]["containers"][0]["image"]
    document["spec"]["containers"] = [container() | {"image": image}]
    return document


def whole_service_v1(latest: str = NAME) -> dict[str, Any]:
    document = service_v1(None, latest=latest, container=container())
    document["spec"]["template"]["metadata"] = {"labels": dict(LABELS), "annotations": dict(NOTES)}
    return document


def whole_template_v2() -> dict[str, Any]:
    one = {
        "name": "shop-1",
        "image": "eu.gcr.io/garden/shop:latest",
        "ports": [{"containerPort": 8080}],
        "env": env_list({"MODE": "x", "DB": secret_v2("db", "3")}),
        "resources": {"limits": {"cpu": "2", "memory": "2Gi"}, "cpuIdle": True, "startupCpuBoost": True},
        "startupProbe": {
            "tcpSocket": {"port": 8080}, "periodSeconds": 240, "timeoutSeconds": 240, "failureThreshold": 1
        },
        "livenessProbe": LIVENESS,
    }  # fmt: skip
    return {
        "labels": LABELS,
        "containers": [one],
        "maxInstanceRequestConcurrency": 80,
        "timeout": "300s",
        "scaling": {"minInstanceCount": 2, "maxInstanceCount": 7},
        "serviceAccount": ACCOUNT,
        "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
        "vpcAccess": {
            "connector": f"projects/{PROJECT}/locations/{REGION}/connectors/inner", "egress": "PRIVATE_RANGES_ONLY"
        },
        "volumes": [{"name": "cloudsql", "cloudSqlInstance": {"instances": ["p:r:main"]}}],
    }  # fmt: skip


def whole_revision_v2() -> dict[str, Any]:
    return {
        "name": f"{SERVICE_V2}/revisions/{NAME}",
        "service": "shop",
        "createTime": "2026-05-04T10:00:00Z",
        **whole_template_v2(),
    }


def whole_service_v2() -> dict[str, Any]:
    return service_v2({}, latest=NAME) | {"template": whole_template_v2(), "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"}


def event(document: dict[str, Any]) -> list[dict[str, Any]]:
    resource = f"namespaces/{PROJECT}/{document['kind'].lower()}s/{document['metadata']['name']}"
    entry = audit_entry("/Services.ReplaceService", resource, log="system_event", response=document)
    return read_audit(entry, redactor=REDACTOR).facts


def call(method: str, resource: str, **more: Any) -> list[dict[str, Any]]:
    return read_audit(audit_entry(method, resource, **more), redactor=REDACTOR).facts


def described(document: dict[str, Any]) -> list[dict[str, Any]]:
    return read_spec(document, location="shop.json", redactor=REDACTOR)


WAYS = {
    "event of a revision": lambda: event(whole_revision_v1()),
    "event of a service": lambda: event(whole_service_v1()),
    "v1 request": lambda: call(V1, SERVICE, request={"service": whole_service_v1("shop-00003-old")}),
    "v2 request": lambda: call(
        V2, SERVICE_V2, request={"service": {"template": whole_template_v2()}}, operation={"id": "o", "first": True}
    ),
    "v2 answer": lambda: call(V2, SERVICE_V2, response=whole_service_v2(), operation={"id": "o", "last": True}),
    "functions": lambda: call(
        "google.cloud.serverless.internal.InternalServices.ReplaceInternalService",
        SERVICE,
        request={"service": whole_service_v1("shop-00003-old")},
    ),
    "described revision": lambda: described(whole_revision_v1()),
    "described service": lambda: described(whole_service_v1()),
    "admin revision": lambda: described(whole_revision_v2()),
    "admin service": lambda: described(whole_service_v2()),
}


def config_of(way: str) -> dict[str, Any]:
    """The configuration that this way tells of the new revision."""
    told = [json.loads(fact["detail"]) for fact in WAYS[way]() if fact["kind"] in {"spec", "deploy"}]
    return next(detail["config"] for detail in told if detail.get("config"))


@pytest.mark.parametrize("way", WAYS)
def test_every_way_tells_the_whole_configuration(way: str) -> None:
    config = config_of(way)

    assert {key: config.get(key) for key in TOLD} == TOLD
    assert config["env"]["DB"] == {"source": "secret", "secret": "db", "version": "3"}
    assert config["env"]["MODE"] == {"source": "literal", "hash": REDACTOR.hash("x")}
    assert config["image"].startswith("eu.gcr.io/garden/shop")


@pytest.mark.parametrize("way", ["event of a service", "described service", "admin service", "v1 request"])
def test_a_service_tells_its_ingress(way: str) -> None:
    assert config_of(way)["ingress"] == "internal"


@pytest.mark.parametrize("way", ["event of a revision", "described revision", "admin revision", "v2 request"])
def test_a_revision_tells_no_ingress(way: str) -> None:
    assert "ingress" not in config_of(way)
