"""One canonical form for the configuration of a revision, from every dialect of the Cloud Run API.

`canonical_config` reads knative v1 (Service, Revision, template) and Admin API v2 (Service, Revision, template).
No value of an environment variable leaves this module: of a literal there is a keyed hash, of a secret its name
and version. A key is there only when it is known; a missing key means "not known", never "none".

    api                    "v1" | "v2": the dialect it was read from
    env                    {NAME: {"source": "literal", "hash": H}
                                | {"source": "secret", "secret": S, "version": V}
                                | {"source": "other", "hash": H}      a reference of another kind
                                | {"source": "unknown"}}              listed, its content withheld
    image                  "repository@sha256:..." where the digest is known, else "repository:tag"
    image_tag              the tag or image a person asked for, where the image has a digest
    memory_limit           "512Mi", "1Gi": the largest unit that divides it
    cpu_limit              "1", "500m"
    concurrency, max_instances, min_instances, timeout_s          whole numbers; None: left to the platform
    service_account, execution_environment, encryption_key        text; None: left to the platform
    cpu_idle, startup_cpu_boost, session_affinity                 true | false
    vpc                    {"connector"|"network"|"subnetwork"|"egress": text}, empty when there is none
    cloud_sql              sorted connection names
    ingress                "all" | "internal" | "internal-and-cloud-load-balancing"; only where a Service tells it
    probes                 {"startup"|"liveness"|"readiness": "tcp:8080 period 240 timeout 240 failures 1"}
    volumes                {NAME: {"kind": "secret", "secret": S, "items": {PATH: VERSION}} | {"kind": ..., ...}}
    port                   whole number on which the container takes requests, where it is told
    command                keyed hash of entry point and arguments, None when the image's own is used
    commit, build, repository    from labels, annotations or a tag that is a commit; see code_origin.py
    containers             {NAME: env, image, memory_limit, cpu_limit, probes, command} of every sidecar

The main container is the one with ports. An absent `env` list means "no variables" only in a full answer of the
server (`complete=True` and a container that shows what only the server fills in); in requests it is not known,
because activity entries often leave it out. So it is for every other absent field.
"""

import json
from typing import Any

from collector.normalise.code_origin import origin_of_code
from collector.normalise.containers import ContainerReader, image_of, main_of, secret_path
from collector.normalise.redact import Redactor
from collector.normalise.untrusted import at, flag, items, mapping, named, text, whole

__all__ = ["canonical_config", "pod_of"]

_AUTOSCALING = "autoscaling.knative.dev/"
_RUN = "run.googleapis.com/"
_INGRESS = {
    "INGRESS_TRAFFIC_ALL": "all",
    "INGRESS_TRAFFIC_INTERNAL_ONLY": "internal",
    "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER": "internal-and-cloud-load-balancing",
}


def canonical_config(
    document: dict[str, Any], *, redactor: Redactor, complete: bool, withheld: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The canonical configuration of a Service, Revision or template of either dialect; empty when it has none.

    `complete` says that the document is the server's own full answer, so that an absent field means "none".
    `withheld` are field paths that the audit log says it redacted.
    """
    pod = pod_of(document)
    if not items(pod.get("containers")):
        return {}
    is_v1 = isinstance(document.get("spec"), dict)
    read = _read_v1 if is_v1 else _read_v2
    hides_env = any("env" in path.lower() or path.lower().endswith("containers") for path in withheld)
    reader = ContainerReader(redactor, complete, hides_env, _secret_names(document))
    config = {"api": "v1" if is_v1 else "v2", **_containers(pod, document, reader)}
    none = {**_NONE, "cpu_idle": is_v1}  # what an absent field means: v1 throttles unless told, v2 leaves out false
    for key, value in read(document, pod).items():
        if value is not None or (complete and key not in _SERVICE_LEVEL):
            config[key] = none.get(key) if value is None else value
    volumes = _volumes(pod, reader.secret_names)
    if volumes or complete:
        config["volumes"] = volumes
    return config


_SERVICE_LEVEL = frozenset({"ingress", "commit", "build", "repository"})
_NONE: dict[str, Any] = {
    "vpc": {}, "cloud_sql": [], "startup_cpu_boost": False, "session_affinity": False, "min_instances": 0,
}  # fmt: skip


def pod_of(document: dict[str, Any]) -> dict[str, Any]:
    """The object that holds `containers` in a Service, Revision or template, v1 or v2; empty when there is none."""
    candidates = (
        at(document, "spec", "template", "spec"),
        at(document, "spec"),
        at(document, "template"),
        document,
    )
    return next((pod for pod in map(mapping, candidates) if isinstance(pod.get("containers"), list)), {})


def _template_meta(document: dict[str, Any]) -> dict[str, Any]:
    """Where annotations and labels of the revision stand: the template's in a Service, else the document's own."""
    if isinstance(document.get("spec"), dict):
        template = at(document, "spec", "template")
        return mapping(at(template, "metadata") if template is not None else document.get("metadata"))
    return mapping(document.get("template")) or document


def _read_v1(document: dict[str, Any], pod: dict[str, Any]) -> dict[str, Any]:
    meta = _template_meta(document)
    notes = mapping(meta.get("annotations"))
    throttled = flag(notes.get(_RUN + "cpu-throttling"))
    return {
        "concurrency": whole(pod.get("containerConcurrency")),
        "timeout_s": whole(pod.get("timeoutSeconds")),
        "service_account": text(pod.get("serviceAccountName")) or None,
        "max_instances": whole(notes.get(_AUTOSCALING + "maxScale")),
        "min_instances": whole(notes.get(_AUTOSCALING + "minScale")),
        "execution_environment": text(notes.get(_RUN + "execution-environment")) or None,
        "encryption_key": text(notes.get(_RUN + "encryption-key")) or None,
        "cpu_idle": throttled,
        "startup_cpu_boost": flag(notes.get(_RUN + "startup-cpu-boost")),
        "session_affinity": flag(notes.get(_RUN + "sessionAffinity")),
        "vpc": _vpc_v1(notes) or None,
        "cloud_sql": _names(text(notes.get(_RUN + "cloudsql-instances")).split(",")) or None,
        "ingress": text(at(document, "metadata", "annotations", _RUN + "ingress")) or None,
        **_origin_of_code(meta, pod),
    }


def _read_v2(document: dict[str, Any], pod: dict[str, Any]) -> dict[str, Any]:
    scaling = mapping(pod.get("scaling"))
    seconds = text(pod.get("timeout")).removesuffix("s")
    environment = text(pod.get("executionEnvironment")).removeprefix("EXECUTION_ENVIRONMENT_").lower()
    resources = mapping(main_of(items(pod.get("containers"))).get("resources"))
    ingress = text(document.get("ingress"))
    return {
        "concurrency": whole(pod.get("maxInstanceRequestConcurrency")),
        "timeout_s": whole(seconds.removesuffix(".0")),
        "service_account": text(pod.get("serviceAccount")) or None,
        "max_instances": whole(scaling.get("maxInstanceCount")),
        "min_instances": whole(scaling.get("minInstanceCount")),
        "execution_environment": environment if environment != "unspecified" and environment else None,
        "encryption_key": text(pod.get("encryptionKey")) or None,
        "cpu_idle": flag(resources.get("cpuIdle")),
        "startup_cpu_boost": flag(resources.get("startupCpuBoost")),
        "session_affinity": flag(pod.get("sessionAffinity")),
        "vpc": _vpc_v2(mapping(pod.get("vpcAccess"))) or None,
        "cloud_sql": _cloud_sql_v2(pod) or None,
        "ingress": _INGRESS.get(ingress, ingress.lower()) or None,
        **_origin_of_code(_template_meta(document), pod),
    }


def _vpc_v1(notes: dict[str, Any]) -> dict[str, str]:
    """Connector, network and egress; an egress without a network means nothing."""
    vpc = {"connector": text(notes.get(_RUN + "vpc-access-connector")).rpartition("/")[2]}
    try:
        interfaces = items(json.loads(text(notes.get(_RUN + "network-interfaces")) or "[]"))
    except ValueError:
        interfaces = []
    return _vpc(vpc, interfaces, text(notes.get(_RUN + "vpc-access-egress")))


def _vpc_v2(access: dict[str, Any]) -> dict[str, str]:
    connector = text(access.get("connector")).rpartition("/")[2]
    return _vpc({"connector": connector}, items(access.get("networkInterfaces")), text(access.get("egress")))


def _vpc(vpc: dict[str, str], interfaces: list[dict[str, Any]], egress: str) -> dict[str, str]:
    for interface in interfaces[:1]:
        vpc |= {key: text(interface.get(key)).rpartition("/")[2] for key in ("network", "subnetwork")}
    vpc = {key: value for key, value in vpc.items() if value}
    if vpc and egress:
        vpc["egress"] = egress.lower().replace("_", "-")
    return vpc


def _cloud_sql_v2(pod: dict[str, Any]) -> list[str]:
    listed = [at(volume, "cloudSqlInstance", "instances") for volume in items(pod.get("volumes"))]
    return _names([text(name) for names in listed if isinstance(names, list) for name in names])


def _names(names: list[str]) -> list[str]:
    return sorted({name.strip() for name in names if name.strip()})


def _origin_of_code(meta: dict[str, Any], pod: dict[str, Any]) -> dict[str, str | None]:
    image = text(main_of(items(pod.get("containers"))).get("image"))
    return origin_of_code(mapping(meta.get("annotations")), mapping(meta.get("labels")), image)


def _secret_names(document: dict[str, Any]) -> dict[str, str]:
    """Aliases of secrets in other projects: `alias:projects/P/secrets/S` in an annotation becomes P/S."""
    spelled = text(mapping(_template_meta(document).get("annotations")).get(_RUN + "secrets"))
    aliases = {}
    for part in spelled.split(","):
        alias, colon, path = part.strip().partition(":")
        if colon:
            aliases[alias] = secret_path(path)
    return aliases


def _containers(pod: dict[str, Any], document: dict[str, Any], reader: ContainerReader) -> dict[str, Any]:
    """What the main container says, and under `containers` what each sidecar says."""
    containers = items(pod.get("containers"))
    main = main_of(containers)
    digests = {
        text(status.get("name")): text(status.get("imageDigest"))
        for status in items(at(document, "status", "containerStatuses"))
    }
    own = text(at(document, "status", "imageDigest"))
    asked = text(mapping(_template_meta(document).get("annotations")).get("client.knative.dev/user-image"))
    said = {
        **reader.read(main),
        **image_of(text(main.get("image")), own or digests.get(text(main.get("name")), ""), asked),
    }
    sidecars = {}
    for place, container in enumerate(containers):
        if container is not main:
            name = text(container.get("name")) or str(place)
            image = image_of(text(container.get("image")), digests.get(name, ""), "")
            sidecars[name] = {**reader.read(container), **image}
    return {**said, "containers": sidecars} if sidecars or reader.is_complete else said


def _volumes(pod: dict[str, Any], secret_names: dict[str, str]) -> dict[str, Any]:
    """Volumes by name; sockets of Cloud SQL are told under `cloud_sql`."""
    read = {}
    for volume in items(pod.get("volumes")):
        kinds = [key for key, value in named(volume) if key != "name" and isinstance(value, dict)]
        kind = kinds[0] if kinds else "other"
        if kind == "cloudSqlInstance":
            continue
        told = mapping(volume.get(kind))
        one: dict[str, Any] = {"kind": kind}
        if kind == "secret":
            name = text(told.get("secretName")) or text(told.get("secret"))
            one["secret"] = secret_names.get(name, secret_path(name))
            one["items"] = {
                text(item.get("path")): text(item.get("key")) or text(item.get("version")) or "latest"
                for item in items(told.get("items"))
            }
        else:
            one |= {key: text(told.get(key)) for key in ("bucket", "server", "path") if text(told.get(key))}
        read[text(volume.get("name"))] = one
    return read
