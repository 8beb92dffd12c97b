"""Resources inside audit entries: services and templates as v1 (Knative) and v2 write them."""

from typing import Any

from logtriage.demo.clock import iso
from logtriage.demo.deploys import Deploy, Spec
from logtriage.demo.world import World

__all__ = [
    "client_annotations", "knative_service", "pod_spec", "scaling_annotations", "service_status", "v2_service",
]  # fmt: skip


def client_annotations(deploy: Deploy) -> dict[str, str]:
    """Which tool made the deploy, as Cloud Run notes it."""
    version = {"gcloud": "545.0.0", "terraform": "6.14.1"}.get(deploy.tool)
    told = {"run.googleapis.com/client-name": deploy.tool}
    return {**told, "run.googleapis.com/client-version": version} if version else told


def knative_service(world: World, deploy: Deploy) -> dict[str, Any]:
    """The service as v1 audit entries carry it, without status."""
    return {
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {
            "name": deploy.service.name, "namespace": world.number, "generation": deploy.generation,
            "uid": deploy.service.uid, "labels": {"cloud.googleapis.com/location": world.region, **world.labels},
            "annotations": {
                **client_annotations(deploy), "run.googleapis.com/ingress": "all",
                "serving.knative.dev/creator": f"{world.people[0]}@{world.company}.example",
                "serving.knative.dev/lastModifier": deploy.actor,
            },
        },
        "spec": {
            "template": {
                "metadata": {"annotations": {**scaling_annotations(deploy.spec), **client_annotations(deploy)}},
                "spec": pod_spec(deploy, f"{deploy.spec.image}:{deploy.spec.digest[:7]}"),
            },
            "traffic": _traffic(deploy),
        },
    }  # fmt: skip


def _traffic(deploy: Deploy) -> list[dict[str, Any]]:
    if deploy.is_held:
        return [{"revisionName": deploy.serving_before, "percent": 100}]
    if deploy.share < 1:
        percent = round(deploy.share * 100)
        return [
            {"latestRevision": True, "percent": percent},
            {"revisionName": deploy.serving_before, "percent": 100 - percent},
        ]
    return [{"latestRevision": True, "percent": 100}]


def service_status(deploy: Deploy, revision: str, at_ns: int) -> dict[str, Any]:
    """The status of a v1 service that names one revision as its newest."""
    traffic = [{**row, "revisionName": row.get("revisionName", revision)} for row in _traffic(deploy)]
    return {
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": iso(at_ns)}],
        "latestCreatedRevisionName": revision, "latestReadyRevisionName": revision,
        "observedGeneration": deploy.generation, "traffic": traffic, "url": deploy.service.host,
    }  # fmt: skip


def v2_service(world: World, deploy: Deploy) -> dict[str, Any]:
    """The service as v2 audit entries carry it."""
    spec = deploy.spec
    env: list[dict[str, Any]] = []
    for key, source in spec.env.items():
        if source[0] == "literal":
            env.append({"name": key, "value": source[1]})
        else:
            ref = {"secret": source[1], "version": source[2]}
            env.append({"name": key, "valueSource": {"secretKeyRef": ref}})
    traffic = [
        {
            "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
            "revision": row["revisionName"],
            "percent": row["percent"],
        }
        if "revisionName" in row
        else {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": row["percent"]}
        for row in _traffic(deploy)
    ]
    container = {
        "image": f"{spec.image}:{spec.digest[:7]}", "env": env,
        "resources": {"limits": {"cpu": spec.cpu, "memory": f"{spec.memory_mi}Mi"}},
        "ports": [{"name": "http1", "containerPort": deploy.service.port}],
    }  # fmt: skip
    return {
        "name": f"projects/{world.project}/locations/{world.region}/services/{deploy.service.name}",
        "template": {
            "containers": [container], "maxInstanceRequestConcurrency": spec.concurrency, "timeout": "300s",
            "scaling": {"maxInstanceCount": spec.max_instances},
            "serviceAccount": f"runner@{world.project}.iam.gserviceaccount.com",
        },
        "traffic": traffic, "ingress": "INGRESS_TRAFFIC_ALL", "labels": world.labels,
    }  # fmt: skip


def scaling_annotations(spec: Spec) -> dict[str, str]:
    """Scaling, which v1 keeps in annotations."""
    return {"autoscaling.knative.dev/maxScale": str(spec.max_instances), "run.googleapis.com/startup-cpu-boost": "true"}


def pod_spec(deploy: Deploy, image: str) -> dict[str, Any]:
    """The template's spec in v1, with an image by tag or digest."""
    spec = deploy.spec
    env: list[dict[str, Any]] = []
    for key, source in spec.env.items():
        if source[0] == "literal":
            env.append({"name": key, "value": source[1]})
        else:
            env.append({"name": key, "valueFrom": {"secretKeyRef": {"name": source[1], "key": source[2]}}})
    project = spec.image.split("/")[1]
    container = {
        "image": image, "env": env, "ports": [{"name": "http1", "containerPort": deploy.service.port}],
        "resources": {"limits": {"cpu": spec.cpu, "memory": f"{spec.memory_mi}Mi"}},
        "startupProbe": {
            "tcpSocket": {"port": deploy.service.port}, "periodSeconds": 240, "timeoutSeconds": 240,
            "failureThreshold": 1,
        },
    }  # fmt: skip
    return {
        "containers": [container], "containerConcurrency": spec.concurrency, "timeoutSeconds": 300,
        "serviceAccountName": f"runner@{project}.iam.gserviceaccount.com",
    }  # fmt: skip
