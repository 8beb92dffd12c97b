"""What a channel is: messages in, steps done at a remote place, words of people out; and the one registry of kinds.

A channel stores nothing. Whoever delivers (delivery.py) writes each step down before and after it is done, and asks
`find` for what an attempt may have left whose answer never came.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from collector.kinds import first_mistake, resolve
from logtriage.errors import ConfigError
from logtriage.escape import plain

if TYPE_CHECKING:
    from logtriage.message import Message

__all__ = [
    "CHANNELS",
    "ChannelConfig",
    "ChannelKind",
    "Heard",
    "Notifier",
    "Place",
    "Step",
    "open_channel",
    "parse_channel_config",
]

# open and reply leave something new each time; edit, close and reopen may be done twice without harm.
Step = Literal["open", "reply", "edit", "close", "reopen"]


class Place(Struct, frozen=True):
    """Where an incident is told in a channel: number of an issue, time stamp of a message. `url` may be empty."""

    id: str
    url: str = ""


class Heard(Struct, frozen=True):
    """What somebody said at a place. Never who: names of people are not kept. `event_id` is unique in the channel."""

    incident_id: str
    said: Literal["right", "wrong", "closed", "reopened"]
    at_ns: int
    event_id: str
    place_id: str = ""


class Notifier(Protocol):
    """A channel, ready to send. Every text that it is given is hostile: it escapes for its own markup."""

    @property
    def name(self) -> str:
        """The name given in config.yaml."""
        ...

    @property
    def can_find(self) -> bool:
        """It can look up what an attempt left; else a step whose answer was lost is done again, and says so."""
        ...

    def steps(self, message: "Message", place: Place | None) -> tuple[Step, ...]:
        """What is to be done for a message, in order; `place` is where its incident was told before."""
        ...

    def do(
        self, step: Step, message: "Message", *, delivery_id: str, place: Place | None, is_repeat: bool,
        places: Mapping[str, Place],
    ) -> Place:  # fmt: skip
        """Does one step and gives the place of the incident. What it leaves bears the delivery id, hidden.

        `is_repeat`: an attempt before may have arrived. `places`: of other incidents of this channel, by id, for links.
        Raises NotifyUnavailable when nothing was done and a later try may succeed, NotifyUncertain when it may have
        been done, NotifyError when it will never be.
        """
        ...

    def find(
        self, step: Step, message: "Message", *, delivery_id: str, place: Place | None, since_ns: int
    ) -> Place | None:
        """What an attempt since then left, by its hidden delivery id; None when there is nothing.

        An `open` is also found by the hidden mark of its incident.
        """
        ...

    def hear(self, places: Mapping[str, Place], *, since_ns: int) -> Sequence[Heard]:
        """What people said at places, by incident id, since an instant; nothing where the channel cannot listen."""
        ...


class ChannelConfig(BaseModel):
    """What a user writes for any channel: one item of `digest.channels`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    name: str = Field(default="", max_length=60)  # that `--to` takes; "" its kind


class ChannelKind(Struct, frozen=True):
    """Dotted names of a kind's config class and of the function that opens it; imported when it is asked for."""

    config: str
    open: str


CHANNELS: dict[str, ChannelKind] = {
    kind: ChannelKind(f"logtriage.notifiers.{module}.{name}Config", f"logtriage.notifiers.{module}.open_{kind}")
    for kind, module, name in (
        ("slack", "slack_web", "SlackWeb"),
        ("slack_webhook", "slack_webhook", "SlackWebhook"),
        ("github", "github", "GitHub"),
        ("gitlab", "gitlab", "GitLab"),
        ("jira", "jira", "Jira"),
        ("webhook", "webhook", "Webhook"),
        ("email", "email", "Email"),
    )
}


def parse_channel_config(raw: Mapping[str, Any], *, where: str) -> ChannelConfig:
    """The config of one channel as config.yaml has it; `where` is its key path, for example `digest.channels[1]`.

    Raises ConfigError that names the key and lists what is known.
    """
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in CHANNELS:
        known = ", ".join(sorted(CHANNELS))
        raise ConfigError(f"{where}.kind is `{plain(kind, 40)}`; known kinds: {known}. Correct the spelling.")
    config_class = resolve(CHANNELS[kind].config)
    try:
        config: ChannelConfig = config_class.model_validate({"name": kind, **raw})
    except ValidationError as error:
        raise ConfigError(first_mistake(error, config_class, where, shown=lambda given: plain(given, 80))) from error
    return config


def open_channel(config: ChannelConfig) -> Notifier:
    """The channel, ready to send; ConfigError when its secret is missing."""
    opened: Notifier = resolve(CHANNELS[config.kind].open)(config)
    return opened
