"""What a notifier is, and the one registry of channels."""

from collections.abc import Callable
from typing import Protocol

from logtriage.digest import Message
from logtriage.errors import ConfigError
from logtriage.escape import plain
from logtriage.notifiers.slack import open_slack

__all__ = ["NOTIFIERS", "Notifier", "open_notifier"]


class Notifier(Protocol):
    """A channel that takes one message at a time."""

    def deliver(self, message: Message) -> None:
        """Returns when the channel has taken the message.

        Raises NotifyUnavailable when the next cycle may succeed, NotifyError when it will not.
        """


NOTIFIERS: dict[str, Callable[[], Notifier]] = {"slack": open_slack}


def open_notifier(name: str) -> Notifier:
    """The channel of that name, ready to send; ConfigError when there is none or its secret is missing."""
    if name not in NOTIFIERS:
        known = ", ".join(sorted(NOTIFIERS))
        raise ConfigError(f"--to is `{plain(name, 40)}`; known channels: {known}. Correct the spelling.")
    return NOTIFIERS[name]()
