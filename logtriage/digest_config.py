"""Section `digest` of config.yaml."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny

from classifiers.states import Priority
from logtriage.kinds import read_kinds
from logtriage.notifiers.channel import ChannelConfig, parse_channel_config

__all__ = ["DigestConfig"]


def _read_channels(value: Any) -> tuple[ChannelConfig, ...]:
    """Each channel by its kind; ConfigError as the channel's own code words it."""
    why = "`--to` names one channel"
    return read_kinds(value, section="digest.channels", first="slack", parse=parse_channel_config, why=why)


class DigestConfig(BaseModel):
    """Section `digest` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: Annotated[tuple[SerializeAsAny[ChannelConfig], ...], BeforeValidator(_read_channels)] = ()
    window_hours: float = Field(default=24.0, gt=0, le=24 * 366)  # how far back the daemon looks in each cycle
    lowest_priority: Priority = "P2"  # incidents below it are left to the report, until they rise
    heartbeat_hours: float | None = Field(default=None, gt=0, le=24 * 366)  # a sign of life after so long a silence
