"""A generic webhook: each message as JSON by webhook_schema.json, posted to one address, signed where there is a key.

A receiver drops doubles by the delivery id, which also stands in the header Idempotency-Key; what may have arrived
before says so (`is_repeat`). The address is a secret: it stands in no message, error or log. No redirect is followed.

The signature is `v1=` and the hexadecimal HMAC-SHA-256 of `TIMESTAMP.BODY` in X-Logtriage-Signature; the time stamp, in
seconds, is in X-Logtriage-Timestamp: a receiver compares in constant time and refuses stamps older than five minutes.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Literal

from msgspec import Struct
from pydantic import Field, model_validator

from collector.secret import SECRET_PATTERN, VARIABLE_PATTERN, Secret, read_secret
from logtriage.errors import ConfigError
from logtriage.message import Message
from logtriage.notifiers.channel import ChannelConfig, Heard, Place, Step
from logtriage.notifiers.http import Api
from logtriage.notifiers.urls import is_safe_url

__all__ = ["Webhook", "WebhookConfig", "open_webhook", "signature_of", "webhook_payload", "webhook_schema"]

_NS_PER_S = 1_000_000_000
_FORMAT = 1
_URL_VARIABLE = "LOGTRIAGE_WEBHOOK_URL"


class WebhookConfig(ChannelConfig):
    """A receiver of ours: its address and the key of its signatures are secrets, and only their names stand here."""

    kind: Literal["webhook"] = "webhook"
    url_env: str = Field(default="", pattern=VARIABLE_PATTERN)  # variable with the address; "" LOGTRIAGE_WEBHOOK_URL
    url_secret: str = Field(default="", pattern=SECRET_PATTERN)  # projects/P/secrets/S/versions/latest
    signing_env: str = Field(default="", pattern=VARIABLE_PATTERN)  # variable with the key; "" and no secret: unsigned
    signing_secret: str = Field(default="", pattern=SECRET_PATTERN)
    edits: bool = False  # new figures are posted too

    @model_validator(mode="after")
    def _has_one_of_each(self) -> "WebhookConfig":
        if (self.url_env and self.url_secret) or (self.signing_env and self.signing_secret):
            message = "a secret is in a variable or in Secret Manager, not in both"
            raise ValueError(message)
        return self


class Webhook(Struct, frozen=True):
    """A webhook. Without a `signing_key` nothing is signed. `now_ns` is passed in, so that signatures can be tested."""

    name: str
    api: Api
    signing_key: Secret | None = None
    now_ns: Callable[[], int] = time.time_ns
    edits: bool = False

    @property
    def can_find(self) -> bool:
        """Never: nobody can be asked what arrived."""
        return False

    def steps(self, message: Message, place: Place | None) -> tuple[Step, ...]:
        """One post for the first word and for each change; for new figures only where they are asked for."""
        if place is None or message.act == "notice":
            return ("open",)
        if message.act == "edit":
            return ("edit",) if self.edits else ()
        return ("reply",)

    def do(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, is_repeat: bool,
        places: Mapping[str, Place],
    ) -> Place:  # fmt: skip
        """Posts it; the place is the incident itself."""
        del step, places
        payload = webhook_payload(message, delivery_id=delivery_id, is_repeat=is_repeat)
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json", "Idempotency-Key": _token(delivery_id)}
        if self.signing_key is not None:
            at_s = self.now_ns() // _NS_PER_S
            headers["X-Logtriage-Timestamp"] = str(at_s)
            headers["X-Logtriage-Signature"] = signature_of(self.signing_key.reveal().encode(), at_s, body)
        self.api.call("POST", "", is_repeatable=False, content=body, headers=headers)
        return place or Place(message.incident_id or delivery_id)

    def find(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, since_ns: int
    ) -> Place | None:
        """Nothing can be looked up."""
        del step, message, delivery_id, place, since_ns
        return None

    def hear(self, places: Mapping[str, Place], *, since_ns: int) -> Sequence[Heard]:
        """A webhook hears nothing."""
        del places, since_ns
        return ()


def open_webhook(config: WebhookConfig) -> Webhook:
    """The webhook that the config names; ConfigError when its address or key is missing, or no https address."""
    where = f"Channel `{config.name}` has no address"
    env = config.url_env or _URL_VARIABLE
    given = read_secret(env=env, secret=config.url_secret, where=where).reveal()
    if not is_safe_url(given):
        raise ConfigError(f"{where}: what `{config.url_secret or env}` holds is no https address. Store one in it.")
    key = None
    if config.signing_env or config.signing_secret:
        where = f"Channel `{config.name}` cannot sign"
        key = read_secret(env=config.signing_env, secret=config.signing_secret, where=where)
    api = Api(
        name=f"Channel `{config.name}`", base_url=given,
        mistake=lambda status, _body: _mistake(status, config.url_secret or env),
    )  # fmt: skip
    return Webhook(config.name, api, key, edits=config.edits)


def webhook_payload(message: Message, *, delivery_id: str, is_repeat: bool) -> dict[str, Any]:
    """The message as webhook_schema.json describes it."""
    made_at = datetime.fromtimestamp(message.made_at_ns / _NS_PER_S, UTC).isoformat(timespec="seconds")
    return {
        "format": _FORMAT,
        "delivery_id": delivery_id,
        "is_repeat": is_repeat,
        "act": message.act,
        "incident_id": message.incident_id or None,
        "state": message.state,
        "priority": message.priority,
        "is_over": message.is_over,
        "is_back": message.is_back,
        "project": message.project,
        "service": message.service,
        "title": message.title,
        "headline": message.headline,
        "news": message.news,
        "lines": [{"label": line.label, "text": line.text} for line in message.lines],
        "command": message.command,
        "footer": message.footer,
        "body_markdown": message.body,
        "labels": list(message.labels),
        "links": [{"label": link.label, "url": link.url} for link in message.links],
        "related": list(message.related),
        "finding_id": message.finding_id or None,
        "facts": message.facts,
        "made_at": made_at.replace("+00:00", "Z"),
    }


def webhook_schema() -> dict[str, Any]:
    """The JSON schema of what is posted."""
    schema: dict[str, Any] = json.loads((files(__package__) / "webhook_schema.json").read_text(encoding="utf-8"))
    return schema


def signature_of(key: bytes, at_s: int, body: bytes) -> str:
    """What X-Logtriage-Signature says of a body that was sent at this second."""
    return f"v1={hmac.new(key, f'{at_s}.'.encode() + body, hashlib.sha256).hexdigest()}"


def _token(delivery_id: str) -> str:
    """The id as a header can carry it: as it is, or its hash where it holds what no header may."""
    is_plain = delivery_id.isascii() and delivery_id.isprintable() and " " not in delivery_id
    return delivery_id if is_plain else hashlib.sha256(delivery_id.encode(errors="replace")).hexdigest()


def _mistake(status: int, origin: str) -> str:
    """What a refusal means. What the receiver said is not shown: it may hold its own address."""
    if 300 <= status < 400:  # noqa: PLR2004 - the redirects
        return f"`HTTP {status}` is a redirect, which is not followed. Correct the address that `{origin}` holds."
    return f"refused with `HTTP {status}`. Check the receiver, and the address that `{origin}` holds."
