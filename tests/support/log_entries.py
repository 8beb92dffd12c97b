"""Entries of an invented Cloud Run system as protobufs: a mix of requests, text, JSON and audit entries, by seed."""

import random
from collections.abc import Iterator
from typing import Any

from google.cloud.audit import audit_log_pb2
from google.cloud.logging_v2.types import LogEntry

__all__ = ["identity", "make_entries", "make_entry"]

NS = 1_000_000_000
_HEX = "0123456789abcdef"
_LEVELS = (("INFO", 200), ("WARNING", 400), ("ERROR", 500), ("", 0))
_NOUNS = ("ledger", "basket", "ticket", "parcel", "quota", "invoice", "avatar", "tenant", "cursor", "outbox")


def make_entry(
    insert_id: str, at_ns: int, *, received_ns: int | None = None, project: str = "demo-stage", text: str = "hello"
) -> Any:
    """One plain stderr entry; it arrives a second after its event unless told otherwise."""
    entry = LogEntry.pb()()
    entry.insert_id = insert_id
    entry.log_name = f"projects/{project}/logs/run.googleapis.com%2Fstderr"
    entry.resource.type = "cloud_run_revision"
    entry.resource.labels.update(
        {
            "project_id": project,
            "location": "europe-west4",
            "service_name": "billing",
            "configuration_name": "billing",
            "revision_name": "billing-00001-abc",
        }
    )
    _stamp(entry.timestamp, at_ns)
    _stamp(entry.receive_timestamp, at_ns + NS if received_ns is None else received_ns)
    entry.text_payload = text
    return entry


def make_entries(count: int, *, seed: int, start_ns: int, end_ns: int, project: str = "demo-stage") -> Iterator[Any]:
    """That many distinct entries whose arrival lies in [start_ns, end_ns); equal arguments give equal entries."""
    dice = random.Random(seed)
    services = [f"{noun}-{kind}" for noun, kind in zip(dice.sample(_NOUNS, 3), ("api", "web", "jobs"), strict=True)]
    revisions = [f"{service}-{dice.randrange(2, 90):05d}-{_hex(dice, 3)}" for service in services for _ in range(3)]
    step = (end_ns - start_ns) / max(1, count)
    for number in range(count):
        received_ns = start_ns + int(number * step)
        revision = dice.choice(revisions)
        # mostly within two seconds, some minutes late: a client that buffers
        delay_ns = dice.randrange(1, 2 * NS) if dice.random() < 0.98 else dice.randrange(60 * NS, 600 * NS)
        entry = make_entry(
            f"{number:x}-{_hex(dice, 8)}", received_ns - delay_ns, received_ns=received_ns, project=project
        )
        labels = entry.resource.labels
        labels["service_name"] = labels["configuration_name"] = revision.rsplit("-", 2)[0]
        labels["revision_name"] = revision
        entry.labels["instanceId"] = f"00{dice.choice(revisions)}".encode().hex() * 3
        _PAYLOADS[dice.choices(range(len(_PAYLOADS)), weights=(40, 25, 30, 1))[0]](entry, dice, project)
        yield entry


def identity(entry: dict[str, Any]) -> tuple[str, str, str]:
    """What makes an entry (as JSON) one and the same: project, timestamp, insertId."""
    return entry["logName"].split("/")[1], entry["timestamp"], entry["insertId"]


def _as_text(entry: Any, dice: random.Random, project: str) -> None:
    noun = dice.choice(_NOUNS)
    entry.text_payload = (
        f"{dice.choice(('ERROR', 'INFO', 'WARNING'))}: {noun} {dice.randrange(10**6)} took {dice.random():.3f} s"
    )


def _as_json(entry: Any, dice: random.Random, project: str) -> None:
    level, severity = dice.choice(_LEVELS)
    entry.log_name = entry.log_name.replace("stderr", "stdout")
    entry.severity = severity
    entry.json_payload.update(
        {
            "message": f"{dice.choice(_NOUNS)} {dice.randrange(10**6)} stored",
            "level": level.lower() or None,
            "attempt": dice.randrange(5),
            "ratio": dice.random(),
            "context": {"keys": [_hex(dice, 8), dice.randrange(100)], "cached": dice.random() < 0.5},
        }
    )


def _as_request(entry: Any, dice: random.Random, project: str) -> None:
    entry.log_name = entry.log_name.replace("stderr", "requests")
    entry.ClearField("text_payload")
    status = dice.choices((200, 204, 404, 500, 503), weights=(80, 8, 6, 4, 2))[0]
    entry.severity = 500 if status >= 500 else 400 if status >= 400 else 200
    request = entry.http_request
    request.request_method = dice.choice(("GET", "POST"))
    request.request_url = f"https://stage.example.test/{dice.choice(_NOUNS)}/{dice.randrange(1000)}"
    request.request_size = dice.randrange(200, 4000)
    request.response_size = dice.randrange(100, 90_000)
    request.status = status
    request.user_agent = dice.choice(("python-requests/2.32", "Mozilla/5.0", "GoogleHC/1.0"))
    request.remote_ip = f"203.0.113.{dice.randrange(1, 255)}"
    request.latency.FromNanoseconds(dice.randrange(10**6, 2 * 10**9))
    request.protocol = "HTTP/1.1"
    entry.trace = f"projects/{project}/traces/{_hex(dice, 32)}"
    entry.span_id = _hex(dice, 16)
    entry.trace_sampled = dice.random() < 0.5


def _as_audit(entry: Any, dice: random.Random, project: str) -> None:
    entry.log_name = f"projects/{project}/logs/cloudaudit.googleapis.com%2Factivity"
    entry.severity = 300
    audit = audit_log_pb2.AuditLog(
        service_name="run.googleapis.com", method_name="google.cloud.run.v2.Services.UpdateService"
    )
    audit.resource_name = f"projects/{project}/locations/europe-west4/services/{entry.resource.labels['service_name']}"
    audit.request.update({"service": {"generation": float(dice.randrange(50)), "template": {"timeout": "300s"}}})
    entry.proto_payload.Pack(audit)


_PAYLOADS = (_as_text, _as_json, _as_request, _as_audit)


def _stamp(stamp: Any, at_ns: int) -> None:
    stamp.seconds, stamp.nanos = divmod(at_ns, NS)


def _hex(dice: random.Random, digits: int) -> str:
    return "".join(dice.choices(_HEX, k=digits))
