"""Checks of channels: the secret is there, and one call that changes nothing is answered."""

from collections.abc import Callable, Iterator
from typing import Any

from logtriage.config import Config
from logtriage.errors import LogtriageError, NotifyUnavailable, SourceUnavailable
from logtriage.notifiers.channel import Notifier, open_channel
from logtriage.notifiers.email import Email
from logtriage.notifiers.github import GitHub
from logtriage.notifiers.gitlab import GitLab
from logtriage.notifiers.jira import Jira
from logtriage.notifiers.slack_web import SlackWeb
from logtriage.notifiers.smtp import greet
from logtriage.setup.checks import Check, of_error

__all__ = ["check_channels"]


def check_channels(config: Config, *, advance: Callable[[str], None]) -> Iterator[Check]:
    """A check for each of digest.channels, in their order; `advance` is told the name of the one that is asked."""
    for one in config.digest.channels:
        advance(one.name)
        name = f"channel {one.name}"
        try:
            told = _asked(open_channel(one))
        except LogtriageError as error:
            yield of_error(name, error, "warn" if isinstance(error, NotifyUnavailable | SourceUnavailable) else "fail")
        else:
            yield Check(name, "ok", told)


def _asked(channel: Notifier) -> str:
    """What the call found; NotifyError as the channel words it."""
    match channel:
        case SlackWeb():
            channel.api.read("auth.test", {})
            return "Slack accepts the token"
        case GitHub():
            _first(channel.github.pages("/issues"))
            return "GitHub shows the issues of the repository"
        case GitLab():
            _first(channel.gitlab.pages("/issues"))
            return "GitLab shows the issues of the project"
        case Jira():
            channel.jira.account()
            return "Jira accepts the token"
        case Email():
            greet(channel.server)
            return "the mail server takes the login" if channel.server.user else "the mail server answers"
    return "has its address; nothing is posted to try it"


def _first(items: Iterator[Any]) -> None:
    next(items, None)
