"""A small system that logs: requests, lines, deploys and spans of services, stored and signed like real ones."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classifiers.classify import classify
from classifiers.config import ClassifyConfig
from classifiers.findings import Findings
from classifiers.signing import sign_new
from collector.collect import collect
from collector.config import StoreConfig
from collector.normalise.redact import Redactor
from collector.records import Ledger, RawBatch
from collector.store import Store
from collector.window import NS_PER_S, Window, format_ns
from tests.support.entries import raw_batch

__all__ = ["BROWSER", "HOUR", "MINUTE", "NS_PER_S", "PYTEST", "START_NS", "System"]

MINUTE, HOUR = 60, 3600
START_NS = 1_789_380_000 * NS_PER_S  # 2026-09-14T10:00:00Z
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0"
PYTEST = "pytest-suite/1.0"


class System:
    """Entries and spans that were written so far; times are seconds after START_NS."""

    def __init__(self) -> None:
        self.project = "shop-staging"  # of what is written from now on
        self.location = "europe-west1"  # as above
        self._numbers = itertools.count(1)
        self._entries: list[dict[str, Any]] = []
        self._spans: list[dict[str, Any]] = []

    def request(self, at_s: float, service: str, revision: str, **changes: Any) -> str:
        """A request of 50 ms; gives its trace.

        Keys: status, trace, agent, path, instance, latency_s, is_traced, said (what the platform wrote on it), caller
        (its address).
        """
        trace = str(changes.get("trace") or f"{next(self._numbers):032x}")
        self._add(
            at_s, service, revision, "requests", str(changes.get("instance", f"{revision}-one")),
            httpRequest={
                "requestMethod": "GET",
                "requestUrl": f"https://{service}.example{changes.get('path', '/orders')}",
                "status": changes.get("status", 200),
                "userAgent": changes.get("agent", BROWSER),
                "latency": f"{changes.get('latency_s', 0.05)}s",
                **({"remoteIp": str(changes["caller"])} if "caller" in changes else {}),
            },
            severity="WARNING" if "said" in changes else "INFO",
            **({"textPayload": changes["said"]} if "said" in changes else {}),
            **({"trace": f"projects/shop-staging/traces/{trace}"} if changes.get("is_traced", True) else {}),
        )  # fmt: skip
        return trace

    def line(self, at_s: float, service: str, revision: str, message: str, **changes: Any) -> None:
        """A line at level ERROR. Keys: severity, trace, instance, log."""
        entry: dict[str, Any] = {"severity": changes.get("severity", "ERROR"), "textPayload": message}
        if changes.get("trace"):
            entry["trace"] = f"projects/shop-staging/traces/{changes['trace']}"
        instance = str(changes.get("instance", f"{revision}-one"))
        self._add(at_s, service, revision, str(changes.get("log", "stderr")), instance, **entry)

    def event(self, at_s: float, service: str, revision: str, payload: dict[str, Any], **changes: Any) -> None:
        """A line of JSON at level INFO. Keys: severity, trace, instance."""
        entry: dict[str, Any] = {"severity": changes.get("severity", "INFO"), "jsonPayload": payload}
        if changes.get("trace"):
            entry["trace"] = f"projects/shop-staging/traces/{changes['trace']}"
        self._add(at_s, service, revision, "stdout", str(changes.get("instance", f"{revision}-one")), **entry)

    def failure(self, at_s: float, service: str, revision: str, message: str, **changes: Any) -> str:
        """A request answered 500 and the line that tells of it, in one trace."""
        trace = self.request(at_s, service, revision, **({"status": 500} | changes))
        here = {"instance": changes["instance"]} if "instance" in changes else {}
        self.line(at_s + 0.04, service, revision, message, trace=trace, **here)
        return trace

    def traffic(self, service: str, revision: str, start_s: float, end_s: float, **changes: Any) -> None:
        """A good request every `every_s` seconds (default 20)."""
        every = float(changes.pop("every_s", 20.0))
        for step in range(int((end_s - start_s) / every)):
            self.request(start_s + step * every, service, revision, **changes)

    def change(self, at_s: float, api: str, method: str, resource: str, **payload: Any) -> None:
        """The audit entry of a call that is no deploy, as `api` (secretmanager, redis, ...) tells of it."""
        self._add(
            at_s, "", "", "activity", "",
            protoPayload={
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": f"{api}.googleapis.com",
                "methodName": method,
                "resourceName": resource,
                **payload,
            },
            logName="projects/shop-staging/logs/cloudaudit.googleapis.com%2Factivity",
            resource={"type": "audited_resource", "labels": {"project_id": "shop-staging", "service": api}},
            severity="NOTICE",
        )  # fmt: skip

    def secret_version(self, at_s: float, secret: str, version: int, call: str = "AddSecretVersion") -> None:
        """The audit entry of a new version of a secret, or of another call on one."""
        path = f"projects/1234/secrets/{secret}"
        named = {"response": {"name": f"{path}/versions/{version}"}} if call == "AddSecretVersion" else {}
        resource = path if named else f"{path}/versions/{version}"
        self.change(
            at_s, "secretmanager", f"google.cloud.secretmanager.v1.SecretManagerService.{call}", resource, **named
        )

    def deploy(self, at_s: float, service: str, revision: str, **config: Any) -> None:
        """The audit entry that tells that a revision is ready, with its whole specification.

        Keys: image (one letter), env, secrets (of keys, each NAME:VERSION), account, cloud_sql; `ready` "False" tells
        that it failed, `is_named` false leaves the revision out of the entry's resource.
        """
        image, env = config["image"], config.get("env", {})
        when = _time(at_s)
        container = {
            "image": f"registry.example/{service}@sha256:{image * 64}",
            "ports": [{"containerPort": 8080, "name": "http1"}],
            "env": [
                *({"name": key, "value": value} for key, value in env.items()),
                *(
                    {
                        "name": key,
                        "valueFrom": {"secretKeyRef": dict(zip(("name", "key"), told.split(":"), strict=True))},
                    }
                    for key, told in config.get("secrets", {}).items()
                ),
            ],
            "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}},
        }
        labels = {
            "serving.knative.dev/service": service,
            "serving.knative.dev/configuration": service,
            "cloud.googleapis.com/location": self.location,
        }
        document = {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Revision",
            "metadata": {
                "name": revision,
                "namespace": "1234",
                "labels": labels,
                "creationTimestamp": when,
                "annotations": {"run.googleapis.com/cloudsql-instances": config.get("cloud_sql", "")},
            },
            "spec": {
                "containerConcurrency": 80,
                "containers": [container],
                "serviceAccountName": config.get("account", "runner@shop-staging.iam.gserviceaccount.com"),
            },
            "status": {
                "conditions": [{"type": "Ready", "status": config.get("ready", "True"), "lastTransitionTime": when}]
            },
        }
        self._add(
            at_s, service, revision if config.get("is_named", True) else "", "system_event", "",
            protoPayload={
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": "run.googleapis.com",
                "methodName": "/InternalServices.ReplaceInternalService",
                "resourceName": f"namespaces/shop-staging/revisions/{revision}",
                "response": document,
            },
            logName="projects/shop-staging/logs/cloudaudit.googleapis.com%2Fsystem_event",
            severity="INFO",
        )  # fmt: skip

    def routed(self, at_s: float, service: str, **shares: int) -> None:
        """The system event that tells the traffic in force: percent of each revision, its name with _ for -."""
        traffic = [{"revisionName": name.replace("_", "-"), "percent": percent} for name, percent in shares.items()]
        generation = next(self._numbers)
        document = {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": {
                "name": service,
                "namespace": "1234",
                "generation": generation,
                "labels": {"cloud.googleapis.com/location": self.location},
            },
            "spec": {"traffic": traffic},
            "status": {"observedGeneration": generation, "traffic": traffic, "conditions": []},
        }
        self._add(
            at_s, service, "", "system_event", "",
            protoPayload={
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": "run.googleapis.com",
                "methodName": "/InternalServices.ReplaceInternalService",
                "resourceName": f"namespaces/shop-staging/services/{service}",
                "response": document,
            },
            logName="projects/shop-staging/logs/cloudaudit.googleapis.com%2Fsystem_event",
            severity="INFO",
        )  # fmt: skip

    def span(  # noqa: PLR0913 - what a span is told by
        self, at_s: float, service: str, trace: str, span: str, parent: str = "", *, name: str = "work",
        took_s: float = 0.01, kind: int = 2, told: Mapping[str, str] | None = None, **attributes: str,
    ) -> None:  # fmt: skip
        """A server span of 10 ms; its attributes are `told`; those of its service: `faas_instance` is faas.instance."""
        start = START_NS + round(at_s * NS_PER_S)
        self._spans.append(
            {
                "resourceSpans": [
                    {
                        "resource": {
                            "attributes": [
                                {"key": key.replace("_", "."), "value": {"stringValue": text}}
                                for key, text in {"service_name": service, **attributes}.items()
                            ]
                        },
                        "scopeSpans": [
                            {
                                "spans": [
                                    {
                                        "traceId": trace, "spanId": span, "parentSpanId": parent, "name": name,
                                        "kind": kind, "startTimeUnixNano": str(start),
                                        "endTimeUnixNano": str(start + round(took_s * NS_PER_S)), "status": {},
                                        "attributes": [
                                            {"key": key, "value": {"stringValue": text}}
                                            for key, text in (told or {}).items()
                                        ],
                                    }
                                ]
                            }
                        ],
                    }
                ]
            }
        )  # fmt: skip

    def export(self, *requests: dict[str, Any]) -> None:
        """Requests of an exporter, as tests/support/spans.py makes them."""
        self._spans += requests

    def asked_span(self, at_s: float, service: str, trace: str, own: Mapping[str, str]) -> None:
        """A server span of 10 ms with attributes of its own, by their names."""
        self.span(at_s, service, trace, f"{int(trace, 16):016x}")
        told = [{"key": key, "value": {"stringValue": text}} for key, text in own.items()]
        self._spans[-1]["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = told

    @property
    def written(self) -> int:
        """How many entries were written so far."""
        return len(self._entries)

    def stored(self, folder: Path, *, is_signed: bool = True) -> Store:
        """A database with everything that was written."""
        store = Store(StoreConfig(path=folder / "system.duckdb"), clock_ns=lambda: START_NS)
        _import(store, [*self._logs(), *self._traces()])
        if is_signed:
            sign_new(store)
        return store

    def stored_apart(self, folder: Path, *, spans_first: bool) -> Store:
        """A database into which logs and spans came one after the other, each signed before the next."""
        store = Store(StoreConfig(path=folder / "system.duckdb"), clock_ns=lambda: START_NS)
        parts = [self._logs(), self._traces()]
        for batches in reversed(parts) if spans_first else parts:
            _import(store, batches)
            sign_new(store)
        return store

    def _logs(self) -> list[RawBatch]:
        return [raw_batch(*self._entries)] if self._entries else []

    def _traces(self) -> list[RawBatch]:
        return [raw_batch(*self._spans, kind="spans", location="spans.jsonl")] if self._spans else []

    def findings(self, folder: Path, end_s: float, start_s: float = 0) -> Findings:
        """What classify finds in [start_s, end_s)."""
        window = Window(START_NS + round(start_s * NS_PER_S), START_NS + round(end_s * NS_PER_S))
        path = folder / "system.duckdb"
        store = Store(StoreConfig(path=path)) if path.exists() else self.stored(folder)
        with store.read() as reader:
            return classify(reader, window=window, now_ns=window.end_ns, config=ClassifyConfig())

    def _add(self, at_s: float, service: str, revision: str, log: str, instance: str, **changes: Any) -> None:
        entry: dict[str, Any] = {
            "insertId": f"i{next(self._numbers):08d}",
            "logName": f"projects/shop-staging/logs/run.googleapis.com%2F{log.replace('/', '%2F')}",
            "timestamp": _time(at_s),
            "receiveTimestamp": _time(at_s + 1),
            "resource": {
                "type": "cloud_run_revision",
                "labels": {
                    "project_id": "shop-staging", "location": self.location, "service_name": service,
                    "configuration_name": service, "revision_name": revision,
                },
            },
            "labels": {"instanceId": instance} if instance else {},
        }  # fmt: skip
        self._entries.append(json.loads(json.dumps(entry | changes).replace("shop-staging", self.project)))


def _import(store: Store, batches: list[RawBatch]) -> None:
    run_id = store.begin_run("import", "files")
    collect(batches, store=store, redactor=Redactor(b"k" * 32), run_id=run_id, stored=_ignore)
    store.end_run(run_id, outcome="complete")


def _time(at_s: float) -> str:
    return format_ns(START_NS + round(at_s * NS_PER_S), digits=9)


def _ignore(raw: RawBatch, ledger: Ledger) -> None:
    """What is stored is not told to anybody."""
