"""A kind of channel of the tests' own, as a plug-in point is used."""

from typing import ClassVar

from logtriage.notifiers.tokens import TokenConfig

__all__ = ["InboxConfig"]


class InboxConfig(TokenConfig):
    """Keys of an inbox that asks for a token."""

    default_variable: ClassVar[str] = "LOGTRIAGE_SLACK_TOKEN"
