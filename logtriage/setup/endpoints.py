"""Where Google's APIs are asked: at their public addresses, or at private ones that LOGTRIAGE_GOOGLE_ENDPOINTS names.

`run=HOST:PORT,logging=HOST:PORT,trace=HOST:PORT,rest=URL`: the first three as `endpoint` of a source, the last the
beginning of all REST addresses. A loopback one is spoken to in plain text, without a login where it is gRPC.
"""

import os
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, field

from collector.sources.google_api import is_loopback_host
from logtriage.errors import ConfigError

__all__ = ["ENDPOINTS_VARIABLE", "Endpoints", "read_endpoints"]

ENDPOINTS_VARIABLE = "LOGTRIAGE_GOOGLE_ENDPOINTS"
_GRPC = ("run", "logging", "trace")
_REST = "rest"


class Endpoints(Struct, frozen=True):
    """Private addresses by name of the API; one that is not named is public."""

    grpc: dict[str, str] = field(default_factory=dict)
    rest: str = ""

    def keys(self, api: str) -> dict[str, Any]:
        """What a source of that API has to be told: nothing, or `endpoint` and perhaps `insecure`."""
        at = self.grpc.get(api)
        if not at:
            return {}
        is_here = is_loopback_host(at.rpartition(":")[0].strip("[]"))
        return {"endpoint": at} | ({"insecure": True} if is_here else {})

    def url(self, host: str, path: str) -> str:
        """The address of a REST call; `host` is the public one."""
        return f"{self.rest or f'https://{host}'}/{path}"


def read_endpoints() -> Endpoints:
    """As the environment tells them; ConfigError for what is no such list."""
    grpc, rest = {}, ""
    for part in filter(None, (one.strip() for one in os.environ.get(ENDPOINTS_VARIABLE, "").split(","))):
        name, _, at = part.partition("=")
        if name == _REST and _is_safe(at):
            rest = at.rstrip("/")
        elif name in _GRPC and at.rpartition(":")[2].isdigit():
            grpc[name] = at
        else:
            raise ConfigError(
                f"environment {ENDPOINTS_VARIABLE}: `{name}` is given no usable address. Write run=HOST:PORT,"
                "logging=HOST:PORT,trace=HOST:PORT,rest=https://HOST, or unset it."
            )
    return Endpoints(grpc, rest)


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback_host(parts.hostname or ""))
    )
