"""What one container of a revision says: variables, image, limits, probes, command; of either API dialect.

Values of variables stay here: what goes out of a literal is its keyed hash.
"""

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from collector.normalise.redact import Redactor
from collector.normalise.untrusted import at, flag, items, mapping, named, text, whole

__all__ = ["ContainerReader", "image_of", "main_of", "secret_path"]

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\Z")
_BYTES = {
    "": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip
_Normalise = Callable[[float, str], str | None]
_SERVER_FILLS = ("ports", "startupProbe", "livenessProbe")
_PROBE_KINDS = {"httpGet": "http", "tcpSocket": "tcp", "grpc": "grpc"}


def main_of(containers: list[dict[str, Any]]) -> dict[str, Any]:
    """The container that takes requests: the one with ports, else the first."""
    with_ports = (container for container in containers if items(container.get("ports")))
    return next(with_ports, containers[0] if containers else {})


class ContainerReader(Struct, frozen=True):
    """Reads one container of either dialect. `hides_env`: the audit log says it withheld values of variables."""

    redactor: Redactor
    is_complete: bool
    hides_env: bool
    secret_names: dict[str, str]

    def read(self, container: dict[str, Any]) -> dict[str, Any]:
        """Everything but the image."""
        limits = mapping(at(container, "resources", "limits"))
        said: dict[str, Any] = {
            "memory_limit": _quantity(limits.get("memory"), _memory),
            "cpu_limit": _quantity(limits.get("cpu"), _cpu),
            "probes": self._probes(container) or None,
            "command": self._command(container),
        }
        port = next((whole(one.get("containerPort")) for one in items(container.get("ports"))), None)
        if port is not None:
            said["port"] = port
        kept = {key: value for key, value in said.items() if value is not None or self.is_complete}
        if "probes" in kept:
            kept["probes"] = kept["probes"] or {}
        env = self._env(container)
        return kept if env is None else {"env": env, **kept}

    def _env(self, container: dict[str, Any]) -> dict[str, dict[str, str]] | None:
        """Variables by name; None when the list is not known."""
        listed = items(container.get("env"))
        if listed:
            return {text(one.get("name")): self._variable(one) for one in listed if text(one.get("name"))}
        is_full_answer = self.is_complete and any(container.get(key) for key in _SERVER_FILLS)
        return {} if is_full_answer and not self.hides_env else None

    def _variable(self, one: dict[str, Any]) -> dict[str, str]:
        source = mapping(one.get("valueFrom")) or mapping(one.get("valueSource"))
        secret = mapping(source.get("secretKeyRef"))
        if secret:
            name = text(secret.get("name")) or text(secret.get("secret"))
            version = text(secret.get("key")) or text(secret.get("version")) or "latest"
            return {"source": "secret", "secret": self.secret_names.get(name, secret_path(name)), "version": version}
        if source:
            return {"source": "other", "hash": self.redactor.hash(_flat(source))}
        if self.hides_env:
            return {"source": "unknown"}
        value = one.get("value", "")
        return {"source": "literal", "hash": self.redactor.hash(value if isinstance(value, str) else _flat(value))}

    def _command(self, container: dict[str, Any]) -> str | None:
        told = [_flat(container.get(key)) for key in ("command", "args")]
        return self.redactor.hash(" | ".join(told)) if any(told) else None

    def _probes(self, container: dict[str, Any]) -> dict[str, str]:
        kinds = ("startup", "liveness", "readiness")
        probes = ((kind, mapping(container.get(f"{kind}Probe"))) for kind in kinds)
        return {kind: self.redactor.text(_probe(probe)) for kind, probe in probes if probe}


def _flat(value: object, depth: int = 3) -> str:
    """Text that tells two small structures apart; what lies deeper than three levels does not count."""
    if isinstance(value, dict) and depth:
        told = (f"{key}={_flat(inner, depth - 1)}" for key, inner in named(value))
        return " ".join(sorted(told))
    if isinstance(value, list) and depth:
        return " ".join(_flat(inner, depth - 1) for inner in value)
    number = whole(value)
    return text(value) or ("" if value is None else str(number if number is not None else flag(value)))


def _probe(probe: dict[str, Any]) -> str:
    """`http:/healthz:8080 delay 5 period 10 timeout 1 failures 3`; headers are left out, they may hold tokens."""
    said = "other"
    for kind, word in _PROBE_KINDS.items():
        if isinstance(probe.get(kind), dict):
            target = probe[kind]
            place = text(target.get("path")).partition("?")[0] or text(target.get("service"))
            said = ":".join(filter(None, (word, place, str(whole(target.get("port")) or ""))))
    fields = {
        "initialDelaySeconds": "delay", "periodSeconds": "period", "timeoutSeconds": "timeout",
        "failureThreshold": "failures",
    }  # fmt: skip
    told = ((word, whole(probe.get(key))) for key, word in fields.items())
    return " ".join([said, *(f"{word} {number}" for word, number in told if number)])


def image_of(image: str, digest: str, asked: str) -> dict[str, str]:
    """`image` with its digest where the server resolved it, and what a person asked for."""
    told = {"image": digest or image} if digest or image else {}
    if "@" in told.get("image", ""):
        tag = next((one for one in (asked, image) if one and "@" not in one), "")
        return {**told, "image_tag": tag} if tag else told
    return told


def _quantity(value: object, normalise: _Normalise) -> str | None:
    """A Kubernetes quantity in one spelling; as it stands when it is none; None when it is absent."""
    number = whole(value)
    spelled = text(value).strip() if number is None else str(number)
    match = _QUANTITY.match(spelled)
    return (normalise(float(match[1]), match[2]) if match else None) or spelled or None


def _memory(amount: float, unit: str) -> str | None:
    if unit not in _BYTES:
        return None
    size = round(amount * _BYTES[unit])
    fits = (one for one in ("Gi", "Mi", "Ki") if size and size % _BYTES[one] == 0)
    largest = next(fits, "")
    return f"{size // _BYTES[largest]}{largest}"


def _cpu(amount: float, unit: str) -> str | None:
    if unit not in {"", "m"}:
        return None
    thousandths = round(amount * (1 if unit else 1000))
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)


def secret_path(path: str) -> str:
    """`projects/P/secrets/S` as P/S, any other name as it is."""
    parts = path.split("/")
    return f"{parts[1]}/{parts[3]}" if len(parts) >= 4 and parts[2] == "secrets" else path  # noqa: PLR2004 - the path
