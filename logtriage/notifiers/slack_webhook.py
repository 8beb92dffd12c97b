"""Slack by an incoming webhook: a message for each new state, and nothing else; what was posted is not found again.

The webhook's address is a secret: it comes from the environment or from Secret Manager, and stands in no message,
error, log or repr. An attempt whose answer was lost is made again, and says so.
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from pydantic import Field, model_validator

from collector.secret import SECRET_PATTERN, VARIABLE_PATTERN, read_secret
from logtriage.errors import ConfigError, NotifyError
from logtriage.escape import plain
from logtriage.message import Message
from logtriage.notifiers.block_kit import Extras, message_blocks, notification
from logtriage.notifiers.channel import ChannelConfig, Heard, Place, Step
from logtriage.notifiers.http import Api
from logtriage.notifiers.urls import is_safe_url

__all__ = ["SlackWebhook", "SlackWebhookConfig", "open_slack_webhook"]

_REPEAT = "(sent again: the first may have arrived)"
_UNFIT = "the layout was not taken"
_GONE = "the webhook is gone or switched off. Make a new one in the app's settings."
_TO_DO = {
    "invalid_token": _GONE,
    "no_service": _GONE,
    "no_active_hooks": _GONE,
    "no_team": _GONE,
    "channel_not_found": "the webhook's channel is gone. Make a new webhook in the app's settings.",
    "channel_is_archived": "the webhook's channel is archived. Unarchive it, or make a new webhook.",
    "action_prohibited": "an administrator of the workspace forbids it. Ask them.",
    "posting_to_general_channel_denied": "nobody may post to the general channel. Make a webhook of another one.",
    "invalid_blocks": f"{_UNFIT}.",
    "invalid_payload": f"{_UNFIT}.",
}


class SlackWebhookConfig(ChannelConfig):
    """Kind `slack_webhook` of `digest.channels`."""

    kind: Literal["slack_webhook"] = "slack_webhook"
    url_env: str = Field(default="", pattern=VARIABLE_PATTERN)  # "" LOGTRIAGE_SLACK_WEBHOOK_URL
    url_secret: str = Field(default="", pattern=SECRET_PATTERN)  # projects/P/secrets/S/versions/latest

    @model_validator(mode="after")
    def _has_one_address(self) -> "SlackWebhookConfig":
        if self.url_env and self.url_secret:
            message = "the address is in url_env or in url_secret, not in both"
            raise ValueError(message)
        return self


class SlackWebhook(Struct, frozen=True):
    """An incoming webhook. It has no threads, cannot edit and cannot listen."""

    name: str
    http: Api
    can_find: bool = False

    def steps(self, message: Message, place: Place | None) -> tuple[Step, ...]:
        """A message for each new state; figures alone are not worth one, where their incident was told."""
        return () if message.act == "edit" and place is not None else ("open",)

    def do(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, is_repeat: bool,  # noqa: ARG002 - of the protocol
        places: Mapping[str, Place],  # noqa: ARG002 - as above
    ) -> Place:  # fmt: skip
        """Posts the message, see Notifier. Its place has no address."""
        text = notification(message)
        if is_repeat:
            text = f"{_REPEAT} {text}"
        told = Extras(note=_REPEAT if is_repeat else "", news_first=message.act == "change")
        body = {"text": text, "unfurl_links": False, "unfurl_media": False}
        try:
            self._post({**body, "blocks": message_blocks(message, told)})
        except NotifyError as error:
            if error.is_retryable or _UNFIT not in str(error):
                raise
            self._post(body)
        return Place(delivery_id)

    def find(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, since_ns: int  # noqa: ARG002 - of the protocol
    ) -> Place | None:  # fmt: skip
        """None: a webhook reads nothing."""
        return None

    def hear(self, places: Mapping[str, Place], *, since_ns: int) -> Sequence[Heard]:  # noqa: ARG002 - of the protocol
        """Nothing: a webhook reads nothing."""
        return ()

    def _post(self, body: dict[str, Any]) -> None:
        self.http.call("POST", "", is_repeatable=False, json=body)


def open_slack_webhook(config: SlackWebhookConfig) -> SlackWebhook:
    """The webhook; ConfigError, which does not show the address, when it is missing or no https one."""
    where = f"Channel `{config.name}` has no address"
    env = config.url_env or "LOGTRIAGE_SLACK_WEBHOOK_URL"
    secret = read_secret(env=env, secret=config.url_secret, where=where)
    if not is_safe_url(secret.reveal()):
        raise ConfigError(
            f"Channel `{config.name}`: what `{config.url_secret or env}` holds is no https address. Copy it anew from "
            "the webhook's page in Slack."
        )
    return SlackWebhook(config.name, Api(f"Slack channel {config.name}", secret.reveal(), mistake=_mistake))


def _mistake(status: int, body: str) -> str:
    code = plain(body, 60)
    return f"the webhook was refused with `HTTP {status} {code}`: {_TO_DO.get(code, 'check its page in Slack.')}"
