"""What OpenTelemetry's attributes are called, old names beside new ones, and what a span tells by them.

What comes in: the attributes of a resource or span as plain values. What goes out: one value a column of SPAN_SCHEMA.
The newest name comes first and wins: opentelemetry.io/docs/specs/semconv. Cloud Trace's own labels are among them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from msgspec import Struct

__all__ = [
    "CALLED",
    "CALLING",
    "CLIENT_ADDRESSES",
    "DB_SYSTEM",
    "ENVIRONMENT",
    "ERROR_TYPE",
    "HTTP_METHOD",
    "HTTP_PATH",
    "HTTP_ROUTE",
    "HTTP_STATUS",
    "INSTANCE",
    "LOCATION",
    "PEER",
    "PEER_ADDRESSES",
    "PEER_IPS",
    "PROJECT",
    "REVISION",
    "RPC_STATUS",
    "SERVICE",
    "SYNTHETIC",
    "USER_AGENT",
    "Emitter",
    "error_type",
    "exception_of",
    "first_text",
    "http_path",
    "http_status",
    "path_of",
    "paths_of",
    "read_emitter",
]

Names = tuple[str, ...]

CALLED, CALLING = frozenset({2, 5}), frozenset({3, 4})  # kinds of spans: server and consumer; client and producer

SERVICE: Names = ("service.name",)
_SERVICE_ELSE: Names = (
    "faas.name", "gcp.cloud_run.service_name", "cloud_run.service", "g.co/r/cloud_run_revision/service_name",
    "k8s.deployment.name",
)  # fmt: skip
# On Cloud Run the resource detector puts the revision into faas.version; service.version may be the build's number.
REVISION: Names = (
    "faas.version", "gcp.cloud_run.revision_name", "cloud_run.revision", "g.co/r/cloud_run_revision/revision_name",
    "service.version",
)  # fmt: skip
INSTANCE: Names = ("faas.instance", "faas.id", "service.instance.id", "k8s.pod.name")
PROJECT: Names = ("cloud.account.id", "gcp.project.id", "gcp.project_id", "g.co/r/cloud_run_revision/project_id")
LOCATION: Names = ("cloud.region", "g.co/r/cloud_run_revision/location", "cloud.availability_zone")
ENVIRONMENT: Names = ("deployment.environment.name", "deployment.environment")

HTTP_METHOD: Names = ("http.request.method", "http.method", "/http/method")
HTTP_ROUTE: Names = ("http.route", "/http/route")
HTTP_STATUS: Names = ("http.response.status_code", "http.status_code", "/http/status_code")
HTTP_PATH: Names = ("url.path", "http.target", "/http/path", "url.full", "http.url", "/http/url")
USER_AGENT: Names = ("user_agent.original", "http.user_agent", "/http/user_agent")
SYNTHETIC: Names = ("user_agent.synthetic.type",)
PEER: Names = ("service.peer.name", "peer.service")
PEER_ADDRESSES: Names = ("server.address", "net.peer.name", "net.sock.peer.name")  # of what a client calls
DB_SYSTEM: Names = ("db.system.name", "db.system")
ERROR_TYPE: Names = ("error.type",)
RPC_STATUS: Names = ("rpc.response.status_code", "rpc.grpc.status_code")

CLIENT_ADDRESSES = frozenset({"client.address", "client.socket.address", "http.client_ip"})
PEER_IPS = frozenset({"network.peer.address", "net.sock.peer.addr", "net.peer.ip"})  # a caller's, on the called side

_RPC_FINE = ("0", "OK")
_ORIGIN = r"\A[a-z][a-z0-9+.-]*://[^/?#]*"
_PATH = r"\A(?:[a-z][a-z0-9+.-]*://[^/?#]*)?([^?#]*)"
_STATUSES = range(100, 1000)


class Emitter(Struct, frozen=True):
    """What a resource says about its spans."""

    project: str = ""
    location: str = ""
    environment: str = ""
    service: str = ""
    revision: str = ""
    instance: str = ""


def first_text(attributes: Mapping[str, Any], names: Names) -> str | None:
    """The value of the first name that is there and not empty, as text."""
    for name in names:
        value = attributes.get(name)
        if value is not None and value != "":
            return value if isinstance(value, str) else str(value)
    return None


def read_emitter(attributes: Mapping[str, Any]) -> Emitter:
    """Who a resource is; "" for what it does not say."""
    service = first_text(attributes, SERVICE) or ""
    if not service or service.startswith("unknown_service"):  # what SDKs write when nobody set a name
        service = first_text(attributes, _SERVICE_ELSE) or service
    told = (PROJECT, LOCATION, ENVIRONMENT)
    project, location, environment = (first_text(attributes, names) or "" for names in told)
    revision, instance = (first_text(attributes, names) or "" for names in (REVISION, INSTANCE))
    return Emitter(project, location, environment, service, revision, instance)


def http_status(attributes: Mapping[str, Any]) -> int | None:
    """The status that a request was answered with."""
    text = first_text(attributes, HTTP_STATUS)
    status = int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < len("10000") else 0
    return status if status in _STATUSES else None


def http_path(attributes: Mapping[str, Any]) -> str | None:
    """The path of a request, without scheme, host and query."""
    text = first_text(attributes, HTTP_PATH)
    return None if text is None else path_of(text)


def path_of(url: str) -> str:
    """The path of a URL or of a request's target."""
    return re.split(r"[?#]", re.sub(_ORIGIN, "", url), maxsplit=1)[0] or "/"


def paths_of(urls: pl.Series) -> pl.Series:
    """What `path_of` gives for each of a column."""
    paths = urls.str.extract(_PATH)
    return paths.set(paths == "", "/")


def error_type(attributes: Mapping[str, Any]) -> str | None:
    """error.type, else the status of a gRPC call that is not fine."""
    told = first_text(attributes, ERROR_TYPE)
    if told is not None:
        return told
    status = first_text(attributes, RPC_STATUS)
    return None if status in _RPC_FINE else status


def exception_of(events: Iterable[Mapping[str, Any]]) -> str | None:
    """The first exception among events: its stacktrace, else `type: message`; None where there is none."""
    for event in events:
        if event["name"] == "exception":
            told = [first_text(event["attributes"], (f"exception.{part}",)) for part in ("type", "message")]
            stack = first_text(event["attributes"], ("exception.stacktrace",))
            return stack or ": ".join(part for part in told if part) or None
    return None
